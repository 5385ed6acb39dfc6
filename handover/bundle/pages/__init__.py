"""Pages of a handover: the clinician's desk, the meeting, the patient's own, the receiver's."""

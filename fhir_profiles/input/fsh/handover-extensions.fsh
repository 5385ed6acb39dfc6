Extension: HandoverFrom
Id: handover-from
Title: "From which service"
Description: "The sending service; responsible until the receiver has taken over."
Context: Composition
* value[x] only Reference
* value[x] 1..1
* valueReference only Reference(OvergangHealthcareService)

Extension: HandoverTo
Id: handover-to
Title: "To which service"
Description: "The receiving service. One document for each receiver."
Context: Composition
* value[x] only Reference
* value[x] 1..1
* valueReference only Reference(OvergangHealthcareService)

Extension: HandoverTerms
Id: handover-terms
Title: "What the patient wants, and what is agreed"
Description: "Whether the patient wants a handover meeting, and the agreed date for taking over."
Context: Composition
* extension contains wantsMeeting 1..1 and takeOverBy 0..1
* extension[wantsMeeting].value[x] only boolean
* extension[wantsMeeting].value[x] 1..1
* extension[takeOverBy].value[x] only date
* extension[takeOverBy].value[x] 1..1

Extension: PlainSha256
Id: plain-sha256
Title: "SHA-256 of a file"
Description: "Of the plaintext, lower-case hex. How to fetch and open it stands in the message that carries the document."
Context: Attachment
* value[x] only string
* value[x] 1..1
* obeys hm-sha256

Extension: MayKnow
Id: may-know
Title: "What somebody may know"
Description: "What the patient lets this person be told."
Context: RelatedPerson
* value[x] only string
* value[x] 1..1

Extension: ComesAlong
Id: comes-along
Title: "Comes along to the meeting"
Description: "The patient wants this person in the handover meeting."
Context: RelatedPerson
* value[x] only boolean
* value[x] 1..1

Extension: OthersDo
Id: others-do
Title: "What others do"
Description: "At this level of the crisis plan; `description` says what the patient does."
Context: CarePlan.activity.detail
* value[x] only string
* value[x] 1..1

Extension: HandoverVersion
Id: handover-version
Title: "Number of what a task says"
Description: "`round` counts the sendings of the same case, `number` is given by the receiving service; higher pairs win."
Context: Task
* extension contains round 1..1 and number 1..1
* extension[round].value[x] only positiveInt
* extension[round].value[x] 1..1
* extension[number].value[x] only unsignedInt
* extension[number].value[x] 1..1

Extension: NoteKind
Id: note-kind
Title: "What a note is"
Description: "A note, or a question that waits for the other side."
Context: Annotation
* value[x] only code
* value[x] 1..1
* valueCode from NoteKinds (required)

Extension: Sequence
Id: sequence
Title: "Number of a change"
Description: "Grows with every change of the appointment (iCalendar SEQUENCE)."
Context: Appointment
* value[x] only unsignedInt
* value[x] 1..1

Extension: VideoLink
Id: video-link
Title: "Where to meet by video"
Description: "An address or a way to get there, as it was written."
Context: Appointment
* value[x] only string
* value[x] 1..1

Extension: HeldOn
Id: held-on
Title: "The day it was held"
Description: "Which may be another day than planned."
Context: Appointment
* value[x] only date
* value[x] 1..1

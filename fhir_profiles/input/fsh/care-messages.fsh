// Messages of a thread between services. The Communication follows FHIR R4; what is ours stands in extensions.

CodeSystem: ThreadSubject
Id: thread-subject
Title: "What a thread is about"
Description: "A closed list; all but a question and an anonymous case name their patient."
* insert OwnCodes
* #coordination "Working together"
* #plan "A plan"
* #medicines "Medicines"
* #work-and-benefits "Work and benefits"
* #housing "Housing"
* #appointment "An appointment"
* #discharge "Discharge"
* #referral-or-handover "Regarding a referral or a handover"
* #question "A question without a patient"
* #anonymous-case "A case that is discussed without saying whom it is about"

Profile: OvergangCareMessageHeader
Parent: OvergangMessageHeader
Id: overgang-care-message-header
Title: "Header of care-message"
Description: "A message of a thread, from a service to a service."
* eventCoding = MessageEvent#care-message
* source.extension[service] 1..1
* destination.extension[service] 1..1
* author 1..1
* author only Reference(OvergangPractitionerRole)
* focus 1..1
* focus only Reference(Communication)

Profile: OvergangCareMessageStatusHeader
Parent: OvergangMessageHeader
Id: overgang-care-message-status-header
Title: "Header of care-message-status"
Description: "Who opened what, what became of a retraction, a time that was picked, who is new in the thread."
* eventCoding = MessageEvent#care-message-status
* source.extension[service] 1..1
* destination.extension[service] 1..1
* author only Reference(OvergangPractitionerRole)
* focus 1..1
* focus only Reference(Communication)

Profile: OvergangCareMessageRetractHeader
Parent: OvergangMessageHeader
Id: overgang-care-message-retract-header
Title: "Header of care-message-retract"
Description: "A message was sent by mistake."
* eventCoding = MessageEvent#care-message-retract
* source.extension[service] 1..1
* destination.extension[service] 1..1
* author 1..1
* author only Reference(OvergangPractitionerRole)
* focus 1..1
* focus only Reference(Communication)

Profile: OvergangCareMessage
Parent: OvergangMessage
Id: overgang-care-message
Title: "Message care-message"
Description: "One message of a thread, those it forwards as parts of it, and how to open their documents."
* insert Parties
* entry contains header 1..1 and communication 1..* and patient 0..1 and file 0..*
* entry[header].resource only OvergangCareMessageHeader
* entry[communication].resource only Communication
* entry[patient].resource only OvergangPatient
* entry[file].resource only DocumentReference

Profile: OvergangCareMessageStatus
Parent: OvergangMessage
Id: overgang-care-message-status
Title: "Message care-message-status"
Description: "What one member of a thread tells another."
* insert Parties
* entry contains header 1..1 and communication 1..1
* entry[header].resource only OvergangCareMessageStatusHeader
* entry[communication].resource only Communication

Profile: OvergangCareMessageRetract
Parent: OvergangMessage
Id: overgang-care-message-retract
Title: "Message care-message-retract"
Description: "Takes one message back."
* insert Parties
* entry contains header 1..1 and communication 1..1
* entry[header].resource only OvergangCareMessageRetractHeader
* entry[communication].resource only Communication

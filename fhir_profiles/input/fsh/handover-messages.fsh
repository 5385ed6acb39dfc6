// ---- tasks of a handover -------------------------------------------------------------------------------------------

Profile: OvergangHandoverTask
Parent: Task
Id: overgang-handover-task
Title: "The work that a handover gives"
Description: "What the three tasks below have in common. The requester is the sending service, the owner the receiving one."
* ^abstract = true
* extension contains HandoverVersion named version 1..1
* intent = #order
* focus 1..1
* focus.identifier 1..1
* focus.identifier.system 1..1
* focus.identifier.system = "urn:ietf:rfc:3986" (exactly)
* focus.identifier.value 1..1
* focus.identifier obeys hm-uuid
* authoredOn 1..1
* requester 1..1
* requester only Reference(OvergangPractitionerRole)
* owner 1..1
* owner only Reference(OvergangHealthcareService)

Invariant: hm-supplement
Description: "What is released later names the document that it adds to; what is sent first names none"
Severity: #error
Expression: "code.coding.where(code = 'release-more').exists() = input.type.coding.where(code = 'supplements').exists()"

Profile: OvergangHandoverSendTask
Parent: OvergangHandoverTask
Id: overgang-handover-send-task
Title: "Please take over"
Description: "The task that brings a document to the receiving service."
* obeys hm-supplement
* identifier 2..2
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #closed
* identifier contains request 1..1 and reference 1..1
* identifier[request].system 1..1
* identifier[request].system = "urn:ietf:rfc:3986" (exactly)
* identifier[request].value 1..1
* identifier[request] obeys hm-uuid
* identifier[reference].system 1..1
* identifier[reference].system = "https://overgang.example/fhir/sid/handover-reference" (exactly)
* identifier[reference].value 1..1
* status = #requested
* businessStatus 1..1
* businessStatus = HandoverStatus#sent
* code 1..1
* code from HandoverSendings (required)
* code.coding 1..1
* code.coding.system 1..1
* code.coding.code 1..1
* input 1..2
* input ^slicing.discriminator.type = #pattern
* input ^slicing.discriminator.path = "type"
* input ^slicing.rules = #closed
* input contains document 1..1 and supplements 0..1
* input[document].type = HandoverValue#document
* input[document].value[x] only Reference
* input[document].valueReference only Reference(OvergangDocumentBinary)
* input[supplements].type = HandoverValue#supplements
* input[supplements].value[x] only Identifier
* input[supplements].valueIdentifier.system 1..1
* input[supplements].valueIdentifier.system = "https://overgang.example/fhir/sid/handover-document-sha256" (exactly)
* input[supplements].valueIdentifier.value 1..1
* input[supplements].valueIdentifier obeys hm-digest

Profile: OvergangHandoverWithdrawTask
Parent: OvergangHandoverTask
Id: overgang-handover-withdraw-task
Title: "The patient has taken it back"
Description: "Asks the receiving service to say what was done with what it has."
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* status = #requested
* code 1..1
* code = HandoverAct#withdraw

Invariant: hm-handover-status
Description: "Task.status is the one that belongs to the business status"
Severity: #error
Expression: "businessStatus.coding.all((code in ('opened' | 'meeting-planned' | 'meeting-held' | 'draft' | 'with-patient' | 'paused' | 'approved') and %resource.status = 'in-progress') or (code = 'sent' and %resource.status = 'requested') or (code = 'received' and %resource.status = 'received') or (code in ('taken-over' | 'closed') and %resource.status = 'completed') or (code = 'declined' and %resource.status = 'rejected') or (code in ('withdrawn' | 'withdrawal-notified' | 'withdrawal-answered') and %resource.status = 'cancelled'))"

Invariant: hm-taken-over
Description: "Who takes over says who, from which day, when that was signed, and the first appointment"
Severity: #error
Expression: "(businessStatus.coding.where(code = 'taken-over').empty() and output.type.coding.where(code in ('taken-over-by' | 'from-date' | 'first-appointment' | 'signed-at')).empty()) or output.type.coding.where(code in ('taken-over-by' | 'from-date' | 'first-appointment' | 'signed-at')).count() = 4"

Invariant: hm-declined
Description: "Who declines says why, and who decided"
Severity: #error
Expression: "businessStatus.coding.where(code = 'declined').empty() or output.type.coding.where(code in ('reason' | 'declined-by')).count() = 2"

Invariant: hm-withdrawal-answer
Description: "An answer to a withdrawal says what was done, who answers for it and when; why, where it was kept or used"
Severity: #error
Expression: "(businessStatus.coding.where(code = 'withdrawal-answered').empty() and output.type.coding.where(code in ('done' | 'done-by' | 'done-at')).empty()) or (output.type.coding.where(code in ('done' | 'done-by' | 'done-at')).count() = 3 and (output.value.coding.where(code in ('kept' | 'used')).empty() or output.type.coding.where(code = 'done-why').exists()))"

RuleSet: HandoverText(slice, code)
* output[{slice}].type = HandoverValue#{code}
* output[{slice}].value[x] only string

RuleSet: HandoverContact(slice, code)
* output[{slice}].type = HandoverValue#{code}
* output[{slice}].value[x] only ContactDetail
* output[{slice}].valueContactDetail.name 1..1
* output[{slice}].valueContactDetail.telecom 1..1
* output[{slice}].valueContactDetail.telecom.system 1..1
* output[{slice}].valueContactDetail.telecom.system = #phone
* output[{slice}].valueContactDetail.telecom.value 1..1

Profile: OvergangHandoverNote
Parent: Annotation
Id: overgang-handover-note
Title: "A note between the two sides"
Description: "Something one side tells or asks the other; its id is what an answer quotes."
* id 1..1
* author[x] 1..1
* author[x] only string
* time 1..1
* extension contains NoteKind named kind 1..1 and WrittenBy named author 1..1

Profile: OvergangHandoverStatusTask
Parent: OvergangHandoverTask
Id: overgang-handover-status-task
Title: "Where a handover is"
Description: "The word of the receiving service, numbered, with the whole present state; or a note of either side, which keeps the number."
* obeys hm-handover-status and hm-taken-over and hm-declined and hm-withdrawal-answer
* businessStatus 1..1
* businessStatus from HandoverStatuses (required)
* businessStatus.coding 1..1
* businessStatus.coding.system 1..1
* businessStatus.coding.code 1..1
* lastModified 1..1
* note 0..1
* note only OvergangHandoverNote
* relevantHistory 0..1
* relevantHistory only Reference(OvergangOpening)
* output ^slicing.discriminator.type = #pattern
* output ^slicing.discriminator.path = "type"
* output ^slicing.rules = #closed
* output contains meeting 0..1 and takenOverBy 0..1 and title 0..1 and fromDate 0..1 and firstAppointment 0..1 and signedAt 0..1 and reason 0..1 and advice 0..1 and declinedBy 0..1 and done 0..1 and doneWhy 0..1 and doneBy 0..1 and doneAt 0..1
* output[meeting].type = HandoverValue#meeting
* output[meeting].value[x] only Reference
* output[meeting].valueReference only Reference(OvergangHandoverAppointment)
* insert HandoverContact(takenOverBy, taken-over-by)
* insert HandoverText(title, title)
* output[fromDate].type = HandoverValue#from-date
* output[fromDate].value[x] only date
* output[firstAppointment].type = HandoverValue#first-appointment
* output[firstAppointment].value[x] only Reference
* output[firstAppointment].valueReference only Reference(OvergangHandoverAppointment)
* output[signedAt].type = HandoverValue#signed-at
* output[signedAt].value[x] only dateTime
* insert HandoverText(reason, reason)
* insert HandoverText(advice, advice)
* insert HandoverContact(declinedBy, declined-by)
* output[done].type = HandoverValue#done
* output[done].value[x] only CodeableConcept
* output[done].valueCodeableConcept from WithdrawalsDone (required)
* output[done].valueCodeableConcept.coding 1..1
* insert HandoverText(doneWhy, done-why)
* insert HandoverText(doneBy, done-by)
* output[doneAt].type = HandoverValue#done-at
* output[doneAt].value[x] only dateTime

// ---- what stands beside --------------------------------------------------------------------------------------------

Profile: OvergangDocumentBinary
Parent: Binary
Id: overgang-document-binary
Title: "The document, byte for byte"
Description: "The document as it was previewed and approved, in base64. It is checked against its own profile, paths continued from here."
* contentType = #application/fhir+json
* data 1..1

Profile: OvergangSealedFile
Parent: DocumentReference
Id: overgang-sealed-file
Title: "How to open a file of the document"
Description: "Key, ciphertext and plaintext of a file, in the order in which the document names them. Its name stands in the document alone."
* status = #current
* content 1..1
* content.attachment.contentType 1..1
* content.attachment.contentType from AttachmentTypes (required)
* content.attachment.data 0..0
* content.attachment.url 0..0
* content.attachment.hash 0..0
* content.attachment.title 0..0
* content.attachment.size 1..1
* content.attachment.extension contains SealedBlob named blob 1..1

Invariant: hm-yes
Description: "The patient says yes, and at most one other was there to write it down"
Severity: #error
Expression: "agent.type.coding.where(code = 'patient').count() = 1"

Profile: OvergangYes
Parent: Provenance
Id: overgang-yes
Title: "The patient's yes"
Description: "To one document, by its hash: said by the patient alone, or written down by a witness on the patient's word."
* target 1..1
* target only Reference(OvergangDocumentBinary)
* activity 1..1
* activity = HandoverAct#approve
* agent 1..2
* agent.type 1..1
* agent.type from YesAgents (required)
* agent.type.coding 1..1
* agent.type.coding.system 1..1
* agent.type.coding.code 1..1
* obeys hm-yes
* entity 1..1
* entity.role = #source
* entity.what.identifier 1..1
* entity.what.identifier.system 1..1
* entity.what.identifier.system = "https://overgang.example/fhir/sid/handover-document-sha256" (exactly)
* entity.what.identifier.value 1..1
* entity.what.identifier obeys hm-digest

Profile: OvergangOpening
Parent: Provenance
Id: overgang-opening
Title: "Who opened it first"
Description: "At the receiving service, and when."
* target 1..1
* target only Reference(OvergangHandoverStatusTask)
* activity 1..1
* activity = HandoverAct#open
* agent 1..1
* agent.role 0..1
* agent.role.text 1..1
* agent.who.display 1..1

Invariant: hm-meeting
Description: "A meeting has an identifier, a number of its change, and a length"
Severity: #error
Expression: "identifier.exists() = extension.where(url = 'https://overgang.example/fhir/StructureDefinition/sequence').exists() and identifier.exists() = minutesDuration.exists()"

Profile: OvergangHandoverAppointment
Parent: $NoBasisAppointment
Id: overgang-handover-appointment
Title: "The handover meeting, or the first appointment after taking over"
Description: "When, where or by which link, who comes. A meeting says how long it lasts, and whether it was held; of a first appointment nobody has said when it ends (data-absent-reason)."
* obeys hm-meeting
* extension contains Sequence named sequence 0..1 and VideoLink named video 0..1 and HeldOn named heldOn 0..1 and ContactPhone named phone 0..1
* identifier 0..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* status from MeetingStatuses (required)
* cancelationReason.text 1..1
* start 1..1
* end 1..1
* participant.type 1..1
* participant.type from HandoverParticipants (required)
* participant.status = #accepted

// ---- headers and messages ------------------------------------------------------------------------------------------

Profile: OvergangHandoverHeader
Parent: OvergangMessageHeader
Id: overgang-handover-header
Title: "Header of a message about a handover"
Description: "Sent from a service to a service, about one task. It says nothing that depends on what stays."
* ^abstract = true
* source.extension[service] 1..1
* destination.extension[service] 1..1
* author only Reference(OvergangPractitionerRole)
* focus 1..1
* focus only Reference(OvergangHandoverTask)
* response 0..0

Profile: OvergangHandoverBundleHeader
Parent: OvergangHandoverHeader
Id: overgang-handover-bundle-header
Title: "Header of handover-bundle"
Description: "A document that a patient lets travel."
* eventCoding = MessageEvent#handover-bundle
* author 0..0

Profile: OvergangHandoverStatusHeader
Parent: OvergangHandoverHeader
Id: overgang-handover-status-header
Title: "Header of handover-status"
Description: "The receiving service's word, or a note of either side."
* eventCoding = MessageEvent#handover-status
* author 1..1

Profile: OvergangHandoverWithdrawHeader
Parent: OvergangHandoverHeader
Id: overgang-handover-withdraw-header
Title: "Header of handover-withdraw"
Description: "The patient takes it back."
* eventCoding = MessageEvent#handover-withdraw
* author 1..1

RuleSet: HandoverParties
* entry ^slicing.rules = #closed
* entry contains role 1..* and organization 1..* and service 1..*
* entry[role].resource only OvergangPractitionerRole
* entry[organization].resource only OvergangOrganization
* entry[service].resource only OvergangHealthcareService

Profile: OvergangHandoverBundle
Parent: OvergangMessage
Id: overgang-handover-bundle
Title: "Message handover-bundle"
Description: "A frozen document, the patient's yes to it, and how to open the files it names."
* insert HandoverParties
* entry contains header 1..1 and task 1..1 and document 1..1 and yes 1..1 and file 0..*
* entry[header].resource only OvergangHandoverBundleHeader
* entry[task].resource only OvergangHandoverSendTask
* entry[document].resource only OvergangDocumentBinary
* entry[yes].resource only OvergangYes
* entry[file].resource only OvergangSealedFile

Profile: OvergangHandoverStatus
Parent: OvergangMessage
Id: overgang-handover-status
Title: "Message handover-status"
Description: "What the receiving service does with a handover; also its answer to a withdrawal."
* insert HandoverParties
* entry contains header 1..1 and task 1..1 and practitioner 1..* and appointment 0..2 and opening 0..1
* entry[header].resource only OvergangHandoverStatusHeader
* entry[task].resource only OvergangHandoverStatusTask
* entry[practitioner].resource only OvergangPractitioner
* entry[appointment].resource only OvergangHandoverAppointment
* entry[opening].resource only OvergangOpening

Profile: OvergangHandoverWithdraw
Parent: OvergangMessage
Id: overgang-handover-withdraw
Title: "Message handover-withdraw"
Description: "The patient has taken the handover back; the receiving service must answer what was done with it."
* insert HandoverParties
* entry contains header 1..1 and task 1..1 and practitioner 1..1
* entry[header].resource only OvergangHandoverWithdrawHeader
* entry[task].resource only OvergangHandoverWithdrawTask
* entry[practitioner].resource only OvergangPractitioner

// ---- headers -------------------------------------------------------------------------------------------------------

RuleSet: AgencyReference
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:oid:2.16.578.1.12.4.1.4.101" (exactly)
* identifier.value 1..1
* identifier obeys hm-orgnr

Profile: OvergangMessageHeader
Parent: MessageHeader
Id: overgang-message-header
Title: "Header of every message"
Description: "MessageHeader.id is the message id; the signature repeats it. Sender and receiver are agencies, by organisation number; the services of both stand beside."
* ^abstract = true
* id 1..1
* event[x] only Coding
* eventCoding from MessageEvents (required)
* eventCoding.system 1..1
* eventCoding.code 1..1
* destination 1..1
* destination.extension contains AddressedService named service 0..1
* destination.receiver 1..1
* destination.receiver only Reference(OvergangOrganization)
* destination.receiver
  * insert AgencyReference
* sender 1..1
* sender only Reference(OvergangOrganization)
* sender
  * insert AgencyReference
* source.extension contains AddressedService named service 0..1

Profile: OvergangReferralHeader
Parent: OvergangMessageHeader
Id: overgang-referral-header
Title: "Header of a message about a referral"
Description: "Sent from a service to a service, about one task."
* ^abstract = true
* source.extension[service] 1..1
* destination.extension[service] 1..1
* author only Reference(OvergangPractitionerRole)
* focus 1..1
* focus only Reference(OvergangTask)

Profile: OvergangReferralRequestHeader
Parent: OvergangReferralHeader
Id: overgang-referral-request-header
Title: "Header of referral-request"
Description: "A new referral, or one that is sent on."
* eventCoding = MessageEvent#referral-request
* author 1..1

Profile: OvergangReferralUpdateHeader
Parent: OvergangReferralHeader
Id: overgang-referral-update-header
Title: "Header of referral-update"
Description: "What the referrer tells or asks for."
* eventCoding = MessageEvent#referral-update
* author 1..1

Profile: OvergangReferralStatusHeader
Parent: OvergangReferralHeader
Id: overgang-referral-status-header
Title: "Header of referral-status"
Description: "The word of the service that holds the referral; response names the message that caused it, where one did."
* eventCoding = MessageEvent#referral-status

Profile: OvergangAcknowledgementHeader
Parent: OvergangMessageHeader
Id: overgang-acknowledgement-header
Title: "Header of acknowledgement"
Description: "What became of the message that response names. It is final, and never acknowledged itself."
* eventCoding = MessageEvent#acknowledgement
* response 1..1
* focus 0..0

Profile: OvergangOperationOutcome
Parent: OperationOutcome
Id: overgang-operation-outcome
Title: "What was wrong"
Description: "Codes and paths, never values."
* issue.details.coding from MessageProblems (required)

// ---- messages ------------------------------------------------------------------------------------------------------

Invariant: hm-id
Description: "Bundle.identifier repeats MessageHeader.id"
Severity: #error
Expression: "identifier.value = 'urn:uuid:' & entry.first().resource.id"

Invariant: hm-full-url
Description: "Every entry is named by a UUID, in lower case"
Severity: #error
Expression: "fullUrl.matches('^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$')"

Invariant: hm-phone
Description: "The referrer has a phone"
Severity: #error
Expression: "entry.where(fullUrl in %resource.entry.resource.requester.reference and resource.practitioner.exists()).resource.telecom.exists()"

Invariant: hm-explained
Description: "An acknowledgement that is not ok explains itself in an OperationOutcome, one that is ok has none"
Severity: #error
Expression: "(entry.first().resource.response.code = 'ok') = (entry.first().resource.response.details.exists().not() and entry.count() = 1)"

Profile: OvergangMessage
Parent: Bundle
Id: overgang-message
Title: "A message"
Description: "A message Bundle: header first, every entry named, nothing that belongs to searches or transactions."
* ^abstract = true
* obeys hm-id
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* type = #message
* timestamp 1..1
* total 0..0
* link 0..0
* signature 0..0
* entry 1..*
* entry obeys hm-full-url
* entry.link 0..0
* entry.fullUrl 1..1
* entry.resource 1..1
* entry.search 0..0
* entry.request 0..0
* entry.response 0..0
* entry ^slicing.discriminator.type = #type
* entry ^slicing.discriminator.path = "resource"
* entry ^slicing.rules = #open

RuleSet: Parties
* entry contains practitioner 0..* and role 0..* and organization 1..* and service 1..*
* entry[practitioner].resource only OvergangPractitioner
* entry[role].resource only OvergangPractitionerRole
* entry[organization].resource only OvergangOrganization
* entry[service].resource only OvergangHealthcareService

Profile: OvergangReferralRequest
Parent: OvergangMessage
Id: overgang-referral-request
Title: "Message referral-request"
Description: "A referral with all that it says; also when a service sends it on to another one."
* obeys hm-phone
* insert Parties
* entry contains header 1..1 and task 1..1 and referral 1..1 and patient 1..1 and condition 0..* and medication 0..* and attachment 0..* and provenance 1..1
* entry[header].resource only OvergangReferralRequestHeader
* entry[task].resource only OvergangRequestTask
* entry[referral].resource only OvergangServiceRequest
* entry[patient].resource only OvergangPatient
* entry[condition].resource only OvergangCondition
* entry[medication].resource only OvergangMedicationStatement
* entry[attachment].resource only OvergangDocumentReference
* entry[provenance].resource only OvergangProvenance

Profile: OvergangReferralUpdate
Parent: OvergangMessage
Id: overgang-referral-update
Title: "Message referral-update"
Description: "What the referrer tells or asks for after sending: an answer, more information, a withdrawal."
* insert Parties
* entry contains header 1..1 and task 1..1 and attachment 0..* and provenance 1..1
* entry[header].resource only OvergangReferralUpdateHeader
* entry[task].resource only OvergangUpdateTask
* entry[attachment].resource only OvergangDocumentReference
* entry[provenance].resource only OvergangProvenance

Profile: OvergangReferralStatus
Parent: OvergangMessage
Id: overgang-referral-status
Title: "Message referral-status"
Description: "Where a referral is, as the service that holds it says."
* insert Parties
* entry contains header 1..1 and task 1..1 and appointment 0..1 and provenance 1..2
* entry[header].resource only OvergangReferralStatusHeader
* entry[task].resource only OvergangStatusTask
* entry[appointment].resource only OvergangAppointment
* entry[provenance].resource only OvergangProvenance

Profile: OvergangAcknowledgement
Parent: OvergangMessage
Id: overgang-acknowledgement
Title: "Message acknowledgement"
Description: "What became of one message, as seen by the receiver's machines. It never means accepted or read."
* obeys hm-explained
* entry contains header 1..1 and outcome 0..1
* entry[header].resource only OvergangAcknowledgementHeader
* entry[outcome].resource only OvergangOperationOutcome

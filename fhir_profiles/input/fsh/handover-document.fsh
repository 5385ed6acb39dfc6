// ---- the document of a handover ------------------------------------------------------------------------------------

Invariant: hm-fixed-sentence
Description: "Every handover says that the patient has chosen what is in it, and that there may be more at the sender"
Severity: #error
Expression: "section.where(code.coding.code = 'about').text.`div`.contains('Pasienten har valgt hva som er med. Det kan finnes mer i journalen hos avsender.')"

Invariant: hm-own-words-first
Description: "The patient's own words stand before every part of the reading"
Severity: #error
Expression: "section.skip(3).where(code.coding.code = 'own-words').empty()"

Invariant: hm-topics
Description: "A topic says what it is, where it is read and what its agency calls it, each once"
Severity: #error
Expression: "section.section.all(code.coding.where(system = 'https://overgang.example/fhir/CodeSystem/handover-section').count() = 1 and code.coding.where(system = 'https://overgang.example/fhir/CodeSystem/handover-part').count() = 1 and code.coding.where(system = 'https://overgang.example/fhir/sid/handover-topic').count() = 1)"

Invariant: hm-items
Description: "Under the topics of a part stand items, each with an id of its own"
Severity: #error
Expression: "section.section.section.all(id.exists() and code.coding.where(code = 'item').exists()) and section.section.section.id.isDistinct()"

Invariant: hm-own-words
Description: "The patient's own words are texts with an id that names their item"
Severity: #error
Expression: "section.where(code.coding.code = 'own-words').section.all(text.exists() and section.empty() and id.matches('^item-[0-9]+-own-words$'))"

Invariant: hm-pieces
Description: "What an item says is the clinician's text, details or a file, each once and with what belongs to it"
Severity: #error
Expression: "section.section.section.all(section.code.coding.code.isDistinct()) and section.section.section.section.all((code.coding.code = 'clinician-text' and text.exists() and entry.empty()) or (code.coding.code = 'details' and entry.exists()) or (code.coding.code = 'attachment' and entry.exists()))"

Invariant: hm-sections
Description: "What the handover is and what is said of the meeting are texts; own words and parts hold sections"
Severity: #error
Expression: "section.all((code.coding.code in ('about' | 'meeting')) = text.exists() and (code.coding.code in ('about' | 'meeting')) = section.empty())"

RuleSet: SectionOf(slice, system, code)
* section[{slice}].code = {system}#{code}

Profile: OvergangHandoverComposition
Parent: $NoBasisComposition
Id: overgang-handover-composition
Title: "What a handover says"
Description: "Sections: about the handover, the patient's own words, then the parts of the receiver's reading by topic and item. The texts stand in the narrative and nowhere else, one paragraph a line. Made of what the patient released, and of nothing else."
* obeys hm-fixed-sentence and hm-own-words-first and hm-topics and hm-items and hm-own-words and hm-pieces and hm-sections
* language 1..1
* extension contains HandoverFrom named from 1..1 and HandoverTo named to 1..1 and HandoverTerms named terms 1..1
* text 1..1
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* status = #final
* type from HandoverTypes (required)
* type.coding 1..1
* type.coding.system 1..1
* type.coding.code 1..1
* subject 1..1
* subject only Reference(OvergangPatient)
* encounter 0..0
* author 1..1
* author only Reference(OvergangPractitionerRole)
* attester 0..0
* custodian 1..1
* custodian only Reference(OvergangOrganization)
* relatesTo 0..1
* relatesTo.code = #appends
* relatesTo.target[x] only Identifier
* relatesTo.targetIdentifier.system 1..1
* relatesTo.targetIdentifier.system = "https://overgang.example/fhir/sid/handover-document-sha256" (exactly)
* relatesTo.targetIdentifier.value 1..1
* relatesTo.targetIdentifier obeys hm-digest
* event 0..0
* section 1..*
* section.code 1..1
* section.code from HandoverSections (required)
* section ^slicing.discriminator.type = #pattern
* section ^slicing.discriminator.path = "code"
* section ^slicing.rules = #closed
* section contains about 1..1 and meeting 0..1 and ownWords 0..1 and needNow 0..* and crisis 0..* and people 0..* and plans 0..* and history 0..*
* insert SectionOf(about, HandoverSection, about)
* section[about].entry 0..0
* insert SectionOf(meeting, HandoverSection, meeting)
* section[meeting].entry 0..0
* insert SectionOf(ownWords, HandoverSection, own-words)
* section[ownWords].author 1..1
* section[ownWords].author only Reference(OvergangPatient)
* section[ownWords].entry 0..0
* insert SectionOf(needNow, HandoverPart, need-now)
* insert SectionOf(crisis, HandoverPart, crisis)
* insert SectionOf(people, HandoverPart, people)
* insert SectionOf(plans, HandoverPart, plans)
* insert SectionOf(history, HandoverPart, history)

Invariant: hm-digest
Description: "An identifier of a document is a SHA-256 in lower-case hex"
Severity: #error
Expression: "value.matches('^[0-9a-f]{64}$')"

Invariant: hm-steps
Description: "Every step of a crisis plan belongs to one item of the document"
Severity: #error
Expression: "activity.all(id.exists()) and activity.id.isDistinct()"

Profile: OvergangCrisisPlan
Parent: CarePlan
Id: overgang-crisis-plan
Title: "Crisis plan"
Description: "The traffic-light plan: how a level shows (reasonCode), what the patient does (description), what others do, who is called (performer). The id of a step is that of its item in the document."
* obeys hm-steps
* status = #active
* intent = #plan
* category 1..1
* category from CrisisPlanTypes (required)
* subject only Reference(OvergangPatient)
* author 1..1
* author only Reference(OvergangPractitionerRole)
* activity 1..*
* activity.reference 0..0
* activity.detail 1..1
* activity.detail.extension contains OthersDo named othersDo 0..1
* activity.detail.code 1..1
* activity.detail.code from CrisisLevels (required)
* activity.detail.reasonCode 0..1
* activity.detail.reasonCode.text 1..1
* activity.detail.status = #scheduled
* activity.detail.performer 0..1
* activity.detail.performer.display 1..1

Profile: OvergangPersonAround
Parent: $NoBasisRelatedPerson
Id: overgang-person-around
Title: "Somebody around the patient"
Description: "Next of kin, trusted person or helper, as the patient names them, and what they may know."
* extension contains MayKnow named mayKnow 0..1 and ComesAlong named comesAlong 0..1
* patient only Reference(OvergangPatient)
* relationship 1..1
* relationship from PeopleAround (required)
* relationship.coding 1..1
* relationship.coding.system 1..1
* relationship.coding.code 1..1
* name 0..1
* name.text 1..1
* telecom 0..1
* telecom.system 1..1
* telecom.system = #phone
* telecom.value 1..1

Profile: OvergangPeopleAround
Parent: CareTeam
Id: overgang-people-around
Title: "The people around the patient"
Description: "Those whom the patient wants the receiver to know of. The trusted person is one of them, and may be anyone."
* status = #active
* subject 1..1
* subject only Reference(OvergangPatient)
* participant 1..*
* participant.role 1..1
* participant.role from PeopleAround (required)
* participant.role.coding 1..1
* participant.role.coding.system 1..1
* participant.role.coding.code 1..1
* participant.member 1..1
* participant.member only Reference(OvergangPersonAround)

Profile: OvergangNextAppointment
Parent: $NoBasisAppointment
Id: overgang-next-appointment
Title: "The next appointment"
Description: "An exact time, a place, a person. How long it lasts nobody has said: `end` has a data-absent-reason, since R4 wants both ends or none."
* extension contains ContactPhone named phone 0..1
* status = #booked
* start 1..1
* end 1..1
* participant.type 1..1
* participant.type from HandoverParticipants (required)
* participant.status = #accepted

Profile: OvergangMedicine
Parent: $NoBasisMedicationStatement
Id: overgang-medicine
Title: "A medicine as the patient takes it"
Description: "In the writer's words."
* status = #active
* medication[x] only CodeableConcept
* subject only Reference(OvergangPatient)
* dosage 0..1
* dosage.text 1..1

Profile: OvergangDiagnosis
Parent: OvergangCondition
Id: overgang-diagnosis
Title: "A diagnosis that the patient lets travel"
Description: "One code of table 7110 or 7170, with the writer's text."
* code.coding 1..1

Profile: OvergangHandoverFile
Parent: $NoBasisDocumentReference
Id: overgang-handover-file
Title: "A whole document that travels beside"
Description: "Named by the SHA-256 of its content; key and ciphertext are named in the message that carries the handover."
* status = #current
* subject 1..1
* subject only Reference(OvergangPatient)
* content 1..1
* content.attachment.contentType 1..1
* content.attachment.contentType from AttachmentTypes (required)
* content.attachment.data 0..0
* content.attachment.url 0..0
* content.attachment.hash 0..0
* content.attachment.size 1..1
* content.attachment.extension contains PlainSha256 named sha256 1..1

Profile: OvergangHandoverDocument
Parent: Bundle
Id: overgang-handover-document
Title: "The document of a handover"
Description: "What the patient has seen and said yes to. Its bytes never change: they travel as they were previewed."
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* type = #document
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
* entry ^slicing.rules = #closed
* entry contains composition 1..1 and patient 1..1 and practitioner 1..1 and role 1..1 and organization 1..* and service 1..* and plan 0..1 and team 0..1 and person 0..* and appointment 0..* and medicine 0..* and diagnosis 0..* and file 0..*
* entry[composition].resource only OvergangHandoverComposition
* entry[patient].resource only OvergangPatient
* entry[practitioner].resource only OvergangPractitioner
* entry[role].resource only OvergangPractitionerRole
* entry[organization].resource only OvergangOrganization
* entry[service].resource only OvergangHealthcareService
* entry[plan].resource only OvergangCrisisPlan
* entry[team].resource only OvergangPeopleAround
* entry[person].resource only OvergangPersonAround
* entry[appointment].resource only OvergangNextAppointment
* entry[medicine].resource only OvergangMedicine
* entry[diagnosis].resource only OvergangDiagnosis
* entry[file].resource only OvergangHandoverFile

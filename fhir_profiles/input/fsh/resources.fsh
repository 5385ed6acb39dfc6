// ---- people, agencies, services ------------------------------------------------------------------------------------

Invariant: hm-number
Description: "A number of a national series is written as 11 or 12 digits"
Severity: #error
Expression: "system.startsWith('urn:oid:2.16.578.1.12.4.1.4.').not() or value.matches('^[0-9]{11,12}$')"

Invariant: hm-orgnr
Description: "An organisation number is nine digits"
Severity: #error
Expression: "value.matches('^[0-9]{9}$')"

Invariant: hm-her
Description: "A HER-id is up to nine digits"
Severity: #error
Expression: "value.matches('^[0-9]{1,9}$')"

Invariant: hm-hpr
Description: "A HPR number is up to nine digits"
Severity: #error
Expression: "value.matches('^[0-9]{1,9}$')"

Profile: OvergangPatient
Parent: $NoBasisPatient
Id: overgang-patient
Title: "The patient"
Description: "The patient as the sender names them. The birth date is a field of its own: it is never derived from the number."
* identifier 0..1
* identifier.system 1..1
* identifier.value 1..1
* identifier obeys hm-number
* name 1..1
* name.family 1..1
* name.given 1..*
* birthDate 1..1
* telecom 0..1
* telecom.system 1..1
* telecom.system = #phone
* telecom.value 1..1
* address 0..1
* communication 0..1
* contact.relationship 1..1
* contact.relationship from PatientContacts (required)
* contact.relationship.coding 1..1
* contact.relationship.coding.system 1..1
* contact.relationship.coding.code 1..1
* contact.name 1..1
* contact.name.text 1..1
* extension contains $interpreter named interpreter 0..1

Profile: OvergangPractitioner
Parent: $NoBasisPractitioner
Id: overgang-practitioner
Title: "Who writes or decides"
Description: "A named person at an agency."
* name 1..1
* name.text 1..1
* identifier[HPR] 0..1
* identifier[HPR] obeys hm-hpr

Profile: OvergangPractitionerRole
Parent: $NoBasisPractitionerRole
Id: overgang-practitioner-role
Title: "A person, or nobody in particular, at a service of an agency"
Description: "Who writes, or which service is meant where FHIR has no place for one."
* practitioner only Reference(OvergangPractitioner)
* organization 1..1
* organization only Reference(OvergangOrganization)
* healthcareService 0..1
* healthcareService only Reference(OvergangHealthcareService)
* code 0..1
* code.text 1..1
* telecom 0..1
* telecom.system 1..1
* telecom.system = #phone
* telecom.value 1..1

Profile: OvergangOrganization
Parent: $NoBasisOrganization
Id: overgang-organization
Title: "An agency"
Description: "An agency, by its organisation number. Its name is in the signed directory."
* identifier[ENH] 1..1
* identifier[ENH] obeys hm-orgnr

Profile: OvergangHealthcareService
Parent: $NoBasisHealthcareService
Id: overgang-healthcare-service
Title: "A service of an agency"
Description: "What people address: a unit, by its HER-id."
* identifier 1..*
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains HER 1..1
* identifier[HER].system 1..1
* identifier[HER].system = "urn:oid:2.16.578.1.12.4.1.2" (exactly)
* identifier[HER].value 1..1
* identifier[HER] obeys hm-her
* providedBy 1..1
* providedBy only Reference(OvergangOrganization)

// ---- what a referral carries ---------------------------------------------------------------------------------------

Invariant: hm-icd10
Description: "A code of table 7110 (ICD-10) is written as letter, two digits and at most three more characters"
Severity: #error
Expression: "code.matches('^[A-Z][0-9]{2}([.]?[0-9A-Z]{1,3})?$')"

Invariant: hm-icpc2
Description: "A code of table 7170 (ICPC-2) is a letter and two digits"
Severity: #error
Expression: "code.matches('^[A-Z][0-9]{2}$')"

Profile: OvergangCondition
Parent: Condition
Id: overgang-condition
Title: "A diagnosis in a referral"
Description: "A coded problem with the writer's text. Tables 7110 and 7170 are not part of this package: the syntax is checked, the text kept."
* clinicalStatus 1..1
* code 1..1
* code.coding 1..*
* code.coding.system 1..1
* code.coding.code 1..1
* code.coding ^slicing.discriminator.type = #value
* code.coding ^slicing.discriminator.path = "system"
* code.coding ^slicing.rules = #closed
* code.coding contains ICD10 0..1 and ICPC2 0..1
* code.coding[ICD10].system = "urn:oid:2.16.578.1.12.4.1.1.7110" (exactly)
* code.coding[ICD10] obeys hm-icd10
* code.coding[ICPC2].system = "urn:oid:2.16.578.1.12.4.1.1.7170" (exactly)
* code.coding[ICPC2] obeys hm-icpc2
* subject only Reference(OvergangPatient)

Profile: OvergangMedicationStatement
Parent: $NoBasisMedicationStatement
Id: overgang-medication-statement
Title: "A line of medication in a referral"
Description: "Medication as the referrer writes it."
* medication[x] only CodeableConcept
* medicationCodeableConcept.text 1..1
* subject only Reference(OvergangPatient)

Profile: OvergangDocumentReference
Parent: $NoBasisDocumentReference
Id: overgang-document-reference
Title: "An attachment"
Description: "A file that travels as an encrypted blob beside the message. Nobody but the receiver of this message has its key."
* masterIdentifier 1..1
* masterIdentifier.system 1..1
* masterIdentifier.system = "urn:ietf:rfc:3986" (exactly)
* masterIdentifier.value 1..1
* status = #current
* subject only Reference(OvergangPatient)
* content 1..1
* content.attachment.contentType 1..1
* content.attachment.contentType from AttachmentTypes (required)
* content.attachment.data 0..0
* content.attachment.url 0..0
* content.attachment.hash 0..0
* content.attachment.size 1..1
* content.attachment.title 1..1
* content.attachment.extension contains SealedBlob named blob 1..1

Invariant: hm-urgency
Description: "FHIR's priority and the national urgency say the same"
Severity: #error
Expression: "priority = iif(extension.where(url = 'https://overgang.example/fhir/StructureDefinition/urgency').value.code = '0', 'stat', iif(extension.where(url = 'https://overgang.example/fhir/StructureDefinition/urgency').value.code = '3', 'urgent', 'routine'))"

Invariant: hm-uuid
Description: "An identifier of this service is a UUID, in lower case"
Severity: #error
Expression: "value.matches('^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$')"

Profile: OvergangServiceRequest
Parent: ServiceRequest
Id: overgang-service-request
Title: "A referral"
Description: "What the referrer asks for. The identifier stays the same at every service it passes."
* extension contains Urgency named urgency 1..1 and ReferralConsent named consent 0..1 and JoinsFirstAppointment named joins 0..1 and ReferralDateOf named date 0..1
* identifier 2..2
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #closed
* identifier contains referral 1..1 and reference 1..1
* identifier[referral].system 1..1
* identifier[referral].system = "urn:ietf:rfc:3986" (exactly)
* identifier[referral].value 1..1
* identifier[referral] obeys hm-uuid
* identifier[reference].system 1..1
* identifier[reference].system = "https://overgang.example/fhir/sid/referral-reference" (exactly)
* identifier[reference].value 1..1
* status = #active
* intent = #order
* priority 1..1
* obeys hm-urgency
* code 1..1
* code from Wishes (required)
* code.coding 1..1
* code.coding.system 1..1
* code.coding.code 1..1
* subject only Reference(OvergangPatient)
* authoredOn 1..1
* requester 1..1
* requester only Reference(OvergangPractitionerRole)
* performer 1..1
* performer only Reference(OvergangHealthcareService)
* reasonCode 1..1
* reasonCode.text 1..1
* reasonReference only Reference(OvergangCondition)
* supportingInfo only Reference(OvergangDocumentReference or OvergangMedicationStatement)
* note.extension contains TextPart named part 1..1

// ---- tasks ---------------------------------------------------------------------------------------------------------

Profile: OvergangAddition
Parent: Annotation
Id: overgang-addition
Title: "What the referrer added"
Description: "An answer, a supplement or a note that a referral takes along when it is sent on."
* author[x] 1..1
* author[x] only string
* time 1..1
* extension contains ReferralAddition named addition 1..1 and WrittenBy named author 1..1

Profile: OvergangQuestion
Parent: Annotation
Id: overgang-question
Title: "A question to the referrer"
Description: "Something the receiver needs to know; its id is what an answer quotes."
* id 1..1
* author[x] 1..1
* author[x] only string
* time 1..1
* extension contains StatusVersion named version 1..1 and WrittenBy named author 1..1

Profile: OvergangTask
Parent: Task
Id: overgang-task
Title: "The work that a referral gives"
Description: "What the three tasks below have in common."
* ^abstract = true
* intent = #order
* focus 1..1
* authoredOn 1..1

Profile: OvergangRequestTask
Parent: OvergangTask
Id: overgang-request-task
Title: "Please assess this referral"
Description: "The task that asks a service to take on a referral. Its owner is the service that is asked, its requester the service that referred first, also when a third one sends it on."
* extension contains StatusVersion named version 1..1
* status = #requested
* businessStatus 1..1
* businessStatus = ReferralStatus#sent
* focus only Reference(OvergangServiceRequest)
* for 1..1
* for only Reference(OvergangPatient)
* requester 1..1
* requester only Reference(OvergangPractitionerRole)
* owner 1..1
* owner only Reference(OvergangHealthcareService)
* reasonCode.text 1..1
* input.type = ReferralPart#addition
* input.value[x] only OvergangAddition

Profile: OvergangUpdateTask
Parent: OvergangTask
Id: overgang-update-task
Title: "What the referrer tells or asks for"
Description: "A request to the service that holds the referral: pending until a status names it as handled."
* extension contains StatusVersion named version 1..1
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* status = #requested
* code 1..1
* code from ReferralUpdateKinds (required)
* code.coding 1..1
* code.coding.system 1..1
* code.coding.code 1..1
* focus.identifier 1..1
* focus.identifier.system 1..1
* focus.identifier.system = "urn:ietf:rfc:3986" (exactly)
* focus.identifier.value 1..1
* focus.identifier obeys hm-uuid
* owner 1..1
* owner only Reference(OvergangHealthcareService)
* input.type from ReferralInputs (required)
* input.type.coding 1..1
* input ^slicing.discriminator.type = #pattern
* input ^slicing.discriminator.path = "type"
* input ^slicing.rules = #closed
* input contains answers 0..* and attachment 0..*
* input[answers].type = ReferralPart#answers
* input[answers].value[x] only uuid
* input[attachment].type = ReferralPart#attachment
* input[attachment].value[x] only Reference
* input[attachment].valueReference only Reference(OvergangDocumentReference)

Invariant: hm-status
Description: "Task.status is the one that belongs to the business status"
Severity: #error
Expression: "businessStatus.coding.where(system = 'https://overgang.example/fhir/CodeSystem/referral-status').all((code in ('assessing' | 'info-requested' | 'scheduled' | 'started' | 'redirecting' | 'withdrawal-requested') and %resource.status = 'in-progress') or (code in ('received' | 'accepted' | 'completed' | 'rejected' | 'entered-in-error') and %resource.status = code) or (code = 'redirected' and %resource.status = 'completed') or (code = 'withdrawn' and %resource.status = 'cancelled'))"

Invariant: hm-national-status
Description: "A national status code (9148) stands beside our own where it has the word, and agrees with it"
Severity: #error
Expression: "businessStatus.coding.where(code in ('scheduled' | 'accepted' | 'redirecting' | 'redirected' | 'rejected')).count() = businessStatus.coding.where(system = 'urn:oid:2.16.578.1.12.4.1.1.9148').count() and businessStatus.coding.where(system = 'urn:oid:2.16.578.1.12.4.1.1.9148').all((code = '1' and %resource.businessStatus.coding.where(code = 'scheduled').exists()) or (code = '2' and %resource.businessStatus.coding.where(code = 'accepted').exists()) or (code = '3' and %resource.businessStatus.coding.where(code = 'redirecting' or code = 'redirected').exists()) or (code = '4' and %resource.businessStatus.coding.where(code = 'rejected').exists()))"

Invariant: hm-decided
Description: "A status that a decision has led to carries that decision"
Severity: #error
Expression: "businessStatus.coding.where(code in ('accepted' | 'rejected' | 'redirected' | 'completed')).all((code = 'accepted' and %resource.output.value.coding.where(code = 'acceptance').exists()) or (code = 'rejected' and %resource.output.value.coding.where(code = 'refusal').exists()) or (code = 'redirected' and %resource.output.value.coding.where(code = 'redirection').exists()) or (code = 'completed' and %resource.output.value.coding.where(code = 'completion').exists()))"

Invariant: hm-acceptance
Description: "A right to treatment has a latest start date, what happens next, the complaint route, and who decided"
Severity: #error
Expression: "output.value.coding.where(code = 'acceptance').empty() or (output.type.coding.where(code = 'what-happens-next').exists() and output.type.coding.where(code = 'complaint').exists() and output.type.coding.where(code = 'assessor').exists() and extension.extension.value.where(system = 'urn:oid:2.16.578.1.12.4.1.1.9147' and code = '3').exists())"

Invariant: hm-refusal
Description: "A refusal has a reason, advice, the complaint route, and who decided"
Severity: #error
Expression: "output.value.coding.where(code = 'refusal').empty() or (output.type.coding.where(code = 'reason').exists() and output.type.coding.where(code = 'advice').exists() and output.type.coding.where(code = 'complaint').exists() and output.type.coding.where(code = 'assessor').exists())"

Invariant: hm-redirection
Description: "What is sent on says where to, why, and who decided"
Severity: #error
Expression: "output.value.coding.where(code = 'redirection').empty() or (output.type.coding.where(code = 'redirected-to').exists() and output.type.coding.where(code = 'redirected-leg').exists() and output.type.coding.where(code = 'reason').exists() and output.type.coding.where(code = 'assessor').exists())"

Invariant: hm-completion
Description: "A treatment that ended says what came of it and who follows up"
Severity: #error
Expression: "output.value.coding.where(code = 'completion').empty() or (output.type.coding.where(code = 'result').exists() and output.type.coding.where(code = 'follow-up').exists())"

Invariant: hm-dates
Description: "A status says when the first service and when this one received the referral, and has one date of each kind"
Severity: #error
Expression: "extension.extension.value.where(system = 'urn:oid:2.16.578.1.12.4.1.1.9147' and code = '1').count() = 1 and extension.extension.value.where(code = 'received').count() = 1 and extension.extension.value.where(code = 'warn-on').count() = 1 and extension.extension.where(url = 'kind').value.code.isDistinct()"

RuleSet: TextOutput(slice, code)
* output[{slice}].type = ReferralPart#{code}
* output[{slice}].value[x] only string

Profile: OvergangStatusTask
Parent: OvergangTask
Id: overgang-status-task
Title: "Where a referral is"
Description: "The word of the service that holds the referral, numbered. It carries the whole present state: any one suffices."
* obeys hm-status and hm-national-status and hm-decided and hm-acceptance and hm-refusal and hm-redirection and hm-completion and hm-dates
* extension contains StatusVersion named version 1..1 and ReferralDateOf named date 3..* and HandledRequest named handled 0..*
* focus.identifier 1..1
* focus.identifier.system 1..1
* focus.identifier.system = "urn:ietf:rfc:3986" (exactly)
* focus.identifier.value 1..1
* focus.identifier obeys hm-uuid
* businessStatus 1..1
* businessStatus from ReferralStatuses (required)
* businessStatus.coding 1..2
* businessStatus.coding.system 1..1
* businessStatus.coding.code 1..1
* lastModified 1..1
* requester 1..1
* requester only Reference(OvergangPractitionerRole)
* owner 1..1
* owner only Reference(OvergangHealthcareService)
* restriction 1..1
* restriction.period 1..1
* restriction.period.end 1..1
* relevantHistory 0..1
* relevantHistory only Reference(OvergangProvenance)
* note 0..1
* output.type from ReferralOutputs (required)
* output.type.coding 1..1
* output ^slicing.discriminator.type = #pattern
* output ^slicing.discriminator.path = "type"
* output ^slicing.rules = #closed
* output contains outcome 0..1 and reason 0..1 and advice 0..1 and complaint 0..1 and whatHappensNext 0..1 and nextStep 0..1 and assessor 0..1 and assessing 0..1 and redirectedTo 0..1 and redirectedLeg 0..1 and result 0..1 and followUp 0..1 and withdrawnBy 0..1 and question 0..*
* output[outcome].type = ReferralPart#outcome
* output[outcome].value[x] only CodeableConcept
* output[outcome].valueCodeableConcept from ReferralOutcomes (required)
* output[outcome].valueCodeableConcept.coding 1..2
* output[assessor].type = ReferralPart#assessor
* output[assessor].value[x] only ContactDetail
* output[assessor].valueContactDetail.name 1..1
* output[assessor].valueContactDetail.telecom 1..1
* output[assessor].valueContactDetail.telecom.system 1..1
* output[assessor].valueContactDetail.telecom.system = #phone
* output[assessor].valueContactDetail.telecom.value 1..1
* output[redirectedTo].type = ReferralPart#redirected-to
* output[redirectedTo].value[x] only Reference
* output[redirectedTo].valueReference only Reference(OvergangHealthcareService)
* output[redirectedLeg].type = ReferralPart#redirected-leg
* output[redirectedLeg].value[x] only positiveInt
* output[question].type = ReferralPart#question
* output[question].value[x] only OvergangQuestion
* insert TextOutput(reason, reason)
* insert TextOutput(advice, advice)
* insert TextOutput(complaint, complaint)
* insert TextOutput(whatHappensNext, what-happens-next)
* insert TextOutput(nextStep, next-step)
* insert TextOutput(assessing, assessing)
* insert TextOutput(result, result)
* insert TextOutput(followUp, follow-up)
* insert TextOutput(withdrawnBy, withdrawn-by)

// ---- appointment, provenance ---------------------------------------------------------------------------------------

Invariant: hm-participants
Description: "An appointment says whom and where, once each, and who comes along at most once"
Severity: #error
Expression: "participant.type.coding.where(code = 'clinician').count() = 1 and participant.type.coding.where(code = 'place').count() = 1 and participant.type.coding.where(code = 'companion').count() <= 1"

Profile: OvergangAppointment
Parent: $NoBasisAppointment
Id: overgang-appointment
Title: "The first appointment"
Description: "Who, where, exactly when, and who comes along."
* extension contains ContactPhone named phone 0..1
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* status from AppointmentStatuses (required)
* start 1..1
* end 1..1
* minutesDuration 1..1
* participant.type 1..1
* participant.type from AppointmentParts (required)
* participant.actor 1..1
* participant.actor.display 1..1
* participant.status = #accepted
* obeys hm-participants

Profile: OvergangProvenance
Parent: Provenance
Id: overgang-provenance
Title: "Who did what, and when"
Description: "The act behind a message. A machine's act names the agency."
* target 1..1
* target only Reference(OvergangTask)
* activity 1..1
* activity from ReferralActs (required)
* activity.coding 1..1
* activity.coding.system 1..1
* activity.coding.code 1..1
* agent 1..1
* agent.who only Reference(OvergangPractitionerRole or OvergangOrganization)

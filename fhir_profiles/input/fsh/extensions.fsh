Extension: AddressedService
Id: addressed-service
Title: "Service of the agency"
Description: "The service that sends or is addressed. A message goes to a service of an agency, never to a person alone."
Context: MessageHeader.source, MessageHeader.destination
* value[x] only Reference
* value[x] 1..1
* valueReference only Reference(HealthcareService)

Extension: StatusVersion
Id: status-version
Title: "Number of a status"
Description: "The pair that orders statuses: `leg` counts the services a referral has passed, `number` is given by the one that holds it. Not meta.versionId, which any server that stores the resource writes anew."
Context: Task, Annotation
* extension contains leg 1..1 and number 1..1
* extension[leg].value[x] only positiveInt
* extension[leg].value[x] 1..1
* extension[number].value[x] only unsignedInt
* extension[number].value[x] 1..1

Extension: ReferralDateOf
Id: referral-date
Title: "A date of the referral"
Description: "One date with its kind (table 9147 or our own)."
Context: ServiceRequest, Task
* extension contains kind 1..1 and date 1..1
* extension[kind].value[x] only Coding
* extension[kind].value[x] 1..1
* extension[kind].valueCoding from ReferralDates (required)
* extension[kind].valueCoding.system 1..1
* extension[kind].valueCoding.code 1..1
* extension[date].value[x] only date or dateTime
* extension[date].value[x] 1..1

Extension: Urgency
Id: urgency
Title: "Urgency"
Description: "National urgency (table 8306); ServiceRequest.priority says the same in FHIR's words."
Context: ServiceRequest
* value[x] only Coding
* value[x] 1..1
* valueCoding from Urgencies (required)
* valueCoding.system 1..1
* valueCoding.code 1..1

Extension: ReferralConsent
Id: referral-consent
Title: "Consent to the referral"
Description: "What the referrer states about the patient's consent (table 9064), with the writer's words."
Context: ServiceRequest
* value[x] only CodeableConcept
* value[x] 1..1
* valueCodeableConcept.coding 0..1
* valueCodeableConcept.coding from Consents (required)
* valueCodeableConcept.coding.system 1..1
* valueCodeableConcept.coding.code 1..1

Extension: JoinsFirstAppointment
Id: joins-first-appointment
Title: "The referrer can join the first appointment"
Description: "A known helper who comes along once makes the transition less frightening."
Context: ServiceRequest
* value[x] only boolean
* value[x] 1..1

Extension: TextPart
Id: text-part
Title: "Which part of the referral this text is"
Description: "History, functioning, network, risk, wished contact."
Context: Annotation
* value[x] only Coding
* value[x] 1..1
* valueCoding from ReferralTexts (required)
* valueCoding.system 1..1
* valueCoding.code 1..1

Extension: SealedBlob
Id: sealed-blob
Title: "Encrypted attachment"
Description: "How to fetch, open and check an attachment that travels as a blob of its own. Attachment.hash is SHA-1 and not for security."
Context: Attachment
* extension contains key 1..1 and length 1..1 and sha256 1..1 and plainSha256 1..1
* extension[key].value[x] only base64Binary
* extension[key].value[x] 1..1
* extension[key] ^short = "AES-256-GCM key of this blob alone"
* extension[key] obeys hm-key
* extension[length].value[x] only unsignedInt
* extension[length].value[x] 1..1
* extension[length] ^short = "Length of the ciphertext in bytes"
* extension[sha256].value[x] only string
* extension[sha256].value[x] 1..1
* extension[sha256] ^short = "SHA-256 of the ciphertext, lower-case hex; its name on the wire"
* extension[sha256] obeys hm-sha256
* extension[plainSha256].value[x] only string
* extension[plainSha256].value[x] 1..1
* extension[plainSha256] ^short = "SHA-256 of the plaintext, lower-case hex"
* extension[plainSha256] obeys hm-sha256

Extension: HandledRequest
Id: handled-request
Title: "What became of a request"
Description: "A status tells the fate of every request of the referrer: it took effect, or it came too late (with a code)."
Context: Task
* extension contains request 1..1 and applied 1..1 and code 0..1
* extension[request].value[x] only uuid
* extension[request].value[x] 1..1
* extension[applied].value[x] only boolean
* extension[applied].value[x] 1..1
* extension[code].value[x] only code
* extension[code].value[x] 1..1

Extension: ContactPhone
Id: contact-phone
Title: "Phone of whom the patient meets"
Description: "Whom to ring about the appointment."
Context: Appointment
* value[x] only ContactPoint
* value[x] 1..1
* valueContactPoint.system 1..1
* valueContactPoint.system = #phone
* valueContactPoint.value 1..1

Extension: ReferralAddition
Id: referral-addition
Title: "What was added"
Description: "What the referrer added after sending, so that a referral that is sent on takes it along."
Context: Annotation
* extension contains kind 1..1 and question 0..1 and attachment 0..*
* extension[kind].value[x] only code
* extension[kind].value[x] 1..1
* extension[kind].valueCode from ReferralUpdateKinds (required)
* extension[question].value[x] only string
* extension[question].value[x] 1..1
* extension[question] ^short = "What was asked, where this answers something"
* extension[attachment].value[x] only Reference
* extension[attachment].value[x] 1..1
* extension[attachment].valueReference only Reference(OvergangDocumentReference)

Extension: WrittenBy
Id: written-by
Title: "Who wrote a note"
Description: "Annotation.author has no place for a person in a role at an agency; authorString repeats the name for readers."
Context: Annotation
* value[x] only Reference
* value[x] 1..1
* valueReference only Reference(OvergangPractitionerRole)

Invariant: hm-sha256
Description: "A SHA-256 in lower-case hex"
Severity: #error
Expression: "value.matches('^[0-9a-f]{64}$')"

Invariant: hm-key
Description: "A key of 256 bits: 44 characters of base64"
Severity: #error
Expression: "value.matches('^[A-Za-z0-9+/]{43}=$')"

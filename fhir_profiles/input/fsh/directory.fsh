// ---- an entry of the directory seems wrong --------------------------------------------------------------------------

CodeSystem: DirectoryPart
Id: directory-part
Title: "Parts of an entry of the directory"
Description: "What of an entry seems wrong."
* insert OwnCodes
* #phone "The phone number"
* #opening-hours "The opening hours"
* #takes "What the service takes"
* #target-group "For whom the service is"
* #offers "An offer"
* #closed "The service is closed"
* #name "The name"
* #other "Something else"

ValueSet: DirectoryParts
Id: directory-parts
Title: "What of an entry seems wrong"
Description: "All parts of an entry that can be reported."
* ^experimental = false
* include codes from system DirectoryPart

CodeSystem: DirectoryCorrectionValue
Id: directory-correction-value
Title: "Values of an answer about an entry"
Description: "Names the one output of the task."
* insert OwnCodes
* #answer "What the owner did, in words"

Invariant: hm-directory-report
Description: "A report says what is wrong and has no answer; an answer says when it was given, and repeats nothing"
Severity: #error
Expression: "(status = 'requested') = description.exists() and (status = 'requested') = lastModified.exists().not() and (status = 'requested' implies output.exists().not())"

Profile: OvergangDirectoryTask
Parent: Task
Id: overgang-directory-task
Title: "An entry of the directory seems wrong"
Description: "Requested by who reads the entry, owned by the service whose entry it is: completed when it was mended, rejected when it stands. Nothing in it is about a patient."
* obeys hm-directory-report
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* status from DirectoryCorrectionStatuses (required)
* intent = #order
* code 1..1
* code from DirectoryParts (required)
* code.coding 1..1
* code.coding.system 1..1
* code.coding.code 1..1
* focus 1..1
* focus only Reference(OvergangHealthcareService)
* for 0..0
* authoredOn 1..1
* requester 1..1
* requester only Reference(OvergangPractitionerRole)
* owner 1..1
* owner only Reference(OvergangHealthcareService)
* input 0..0
* output 0..1
* output.type = DirectoryCorrectionValue#answer
* output.value[x] only string

ValueSet: DirectoryCorrectionStatuses
Id: directory-correction-statuses
Title: "Where a report about an entry is"
Description: "Asked, mended, or right as it stands."
* ^experimental = false
* http://hl7.org/fhir/task-status#requested
* http://hl7.org/fhir/task-status#completed
* http://hl7.org/fhir/task-status#rejected

Profile: OvergangDirectoryCorrectionHeader
Parent: OvergangMessageHeader
Id: overgang-directory-correction-header
Title: "Header of directory-correction"
Description: "From the service of who reads an entry to the one that owns it; the answer goes the other way and names the report in response."
* eventCoding = MessageEvent#directory-correction
* source.extension[service] 1..1
* destination.extension[service] 1..1
* author 1..1
* author only Reference(OvergangPractitionerRole)
* focus 1..1
* focus only Reference(OvergangDirectoryTask)

Profile: OvergangDirectoryCorrection
Parent: OvergangMessage
Id: overgang-directory-correction
Title: "Message directory-correction"
Description: "A report that an entry of the directory seems wrong, or the answer to one."
* entry ^slicing.rules = #closed
* entry contains header 1..1 and task 1..1 and practitioner 1..1 and role 1..* and organization 1..* and service 1..*
* entry[header].resource only OvergangDirectoryCorrectionHeader
* entry[task].resource only OvergangDirectoryTask
* entry[practitioner].resource only OvergangPractitioner
* entry[role].resource only OvergangPractitionerRole
* entry[organization].resource only OvergangOrganization
* entry[service].resource only OvergangHealthcareService

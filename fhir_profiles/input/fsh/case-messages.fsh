// An anonymous case is linked to a person when the patient has consented, and unlinked when the consent is withdrawn.

CodeSystem: CaseUnlinkReason
Id: case-unlink-reason
Title: "Why a case is about nobody any more"
Description: "At the member that is told; the service that began the case keeps what it knows."
* insert OwnCodes
* #consent-withdrawn "The patient's consent does not hold any more"
* #mistake "It was linked by mistake"

ValueSet: CaseUnlinkReasons
Id: case-unlink-reasons
Title: "Why a case is about nobody any more"
Description: "All of the code system."
* include codes from system CaseUnlinkReason

Extension: CaseNumber
Id: case-number
Title: "Number of what is said about whom a case is about"
Description: "It only grows; of what one member was told the highest counts, whenever it comes."
Context: Communication
* value[x] only positiveInt
* value[x] 1..1

Extension: CaseMistaken
Id: case-mistaken
Title: "What was a mistake before"
Description: "Whatever was said under a lower number than this was a mistake; the word that said so may never have come."
Context: Communication
* value[x] only positiveInt
* value[x] 1..1

Profile: OvergangCaseStatement
Parent: Communication
Id: overgang-case-statement
Title: "Whom a case is about"
Description: "What link and unlink have in common: the thread, a number, one receiver, no content."
* ^abstract = true
* extension contains Thread named thread 1..1 and CaseNumber named number 1..1
* identifier 0..0
* sent 1..1
* sender 1..1
* recipient 1..1
* recipient only Reference(OvergangHealthcareService)
* payload 0..0
* note 0..0
* topic 0..0
* about 0..0

Profile: OvergangCaseLinkStatement
Parent: OvergangCaseStatement
Id: overgang-case-link-statement
Title: "A case is about this person"
Description: "From now on, at the receiver only; the messages of the thread name nobody."
* status = #completed
* subject 1..1
* subject only Reference(OvergangPatient)
* sender only Reference(OvergangPractitionerRole)

Profile: OvergangCaseUnlinkStatement
Parent: OvergangCaseStatement
Id: overgang-case-unlink-statement
Title: "A case is about nobody any more"
Description: "Says why, and names no one."
* status = #stopped
* statusReason 1..1
* statusReason from CaseUnlinkReasons (required)
* extension contains CaseMistaken named mistaken 0..1
* subject 0..0
* sender only Reference(OvergangHealthcareService or OvergangPractitionerRole)

Profile: OvergangCaseLinkHeader
Parent: OvergangMessageHeader
Id: overgang-case-link-header
Title: "Header of case-link"
Description: "From the service that began a case to a member that the patient's consent covers."
* eventCoding = MessageEvent#case-link
* source.extension[service] 1..1
* destination.extension[service] 1..1
* author 1..1
* author only Reference(OvergangPractitionerRole)
* focus 1..1
* focus only Reference(OvergangCaseLinkStatement)

Profile: OvergangCaseUnlinkHeader
Parent: OvergangMessageHeader
Id: overgang-case-unlink-header
Title: "Header of case-unlink"
Description: "From the service that began a case to a member that was told whom it is about."
* eventCoding = MessageEvent#case-unlink
* source.extension[service] 1..1
* destination.extension[service] 1..1
* author only Reference(OvergangPractitionerRole)
* focus 1..1
* focus only Reference(OvergangCaseUnlinkStatement)

Profile: OvergangCaseLink
Parent: OvergangMessage
Id: overgang-case-link
Title: "Message case-link"
Description: "Says whom an anonymous case is about."
* insert Parties
* entry contains header 1..1 and statement 1..1 and patient 1..1
* entry[header].resource only OvergangCaseLinkHeader
* entry[statement].resource only OvergangCaseLinkStatement
* entry[patient].resource only OvergangPatient

Profile: OvergangCaseUnlink
Parent: OvergangMessage
Id: overgang-case-unlink
Title: "Message case-unlink"
Description: "The case is anonymous again at the receiver."
* insert Parties
* entry contains header 1..1 and statement 1..1
* entry[header].resource only OvergangCaseUnlinkHeader
* entry[statement].resource only OvergangCaseUnlinkStatement

// Messages of a thread between services. The Communication follows FHIR R4; what is ours stands in extensions. The words of
// Provenance.activity, and how it names earlier messages, are those of MedCom's CareCommunication.

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

CodeSystem: ThreadAct
Id: thread-act
Title: "What was done with a message"
Description: "The words of MedCom's messages; Provenance.activity names the one of each hop."
* insert OwnCodes
* #new-message "A message was sent that answers none"
* #reply-message "A message was sent that answers another"
* #forward-message "A message was sent on to others, as part of a message"
* #retract-message "A message was taken back"

CodeSystem: PointWeighs
Id: point-weighs
Title: "Which way a criterion pulls"
Description: "Of an anonymous case."
* insert OwnCodes
* #for "For"
* #against "Against"

CodeSystem: TalkWay
Id: talk-way
Title: "How two people talk"
Description: "Of an offer of times for a talk."
* insert OwnCodes
* #phone "By phone"
* #video "By video"

CodeSystem: RetractionFate
Id: retraction-fate
Title: "What became of a message that was taken back"
Description: "At one receiver."
* insert OwnCodes
* #vanished "Nobody there had opened it, and nobody can"
* #hidden "Somebody had opened it; nobody can any more, and a leader is asked to confirm that"
* #confirmed "A leader there has confirmed it"

CodeSystem: RetractionReason
Id: retraction-reason
Title: "Why a message was taken back"
Description: "All that is said of it: a retraction needs no permit of the patient's, so that nobody's own words go with it."
* insert OwnCodes
* #wrong-receiver "It went to the wrong receiver"
* #wrong-patient "It was about the wrong patient"
* #wrong-content "Something in the text or a document was wrong"
* #too-early "It was sent too early"
* #other "Something else; its author's agency knows what"

ValueSet: ThreadSubjects
Id: thread-subjects
Title: "What a thread is about"
Description: "All of them."
* insert AllOf(ThreadSubject)

ValueSet: ThreadSendings
Id: thread-sendings
Title: "How a message was sent"
Description: "New, in answer to another, or sent on."
* ^experimental = false
* ThreadAct#new-message
* ThreadAct#reply-message
* ThreadAct#forward-message

ValueSet: ThreadPriorities
Id: thread-priorities
Title: "How soon an answer is wished"
Description: "Ordinary, or soon. Nothing here is for emergencies."
* ^experimental = false
* http://hl7.org/fhir/request-priority#routine
* http://hl7.org/fhir/request-priority#urgent

ValueSet: PointsWeigh
Id: points-weigh
Title: "Which way a criterion pulls"
Description: "All of them."
* insert AllOf(PointWeighs)

ValueSet: TalkWays
Id: talk-ways
Title: "How two people talk"
Description: "All of them."
* insert AllOf(TalkWay)

ValueSet: RetractionReasons
Id: retraction-reasons
Title: "Why a message was taken back"
Description: "All of them."
* insert AllOf(RetractionReason)

ValueSet: RetractionFates
Id: retraction-fates
Title: "What became of a message that was taken back"
Description: "All of them."
* insert AllOf(RetractionFate)

// ---- extensions ----------------------------------------------------------------------------------------------------

RuleSet: UuidIdentifier
* system 1..1
* system = "urn:ietf:rfc:3986" (exactly)
* value 1..1

Extension: Thread
Id: thread
Title: "The thread it belongs to"
Description: "The same on every message of a thread, at every member. Its receiver may have none of the earlier ones."
Context: Communication
* value[x] only Identifier
* value[x] 1..1
* valueIdentifier
  * insert UuidIdentifier
* valueIdentifier obeys hm-uuid

Extension: ThreadMember
Id: thread-member
Title: "A service in the thread"
Description: "Since when it takes part, and which member let it in, unless it was there from the start."
Context: Communication
* extension contains service 1..1 and since 1..1 and addedBy 0..1
* extension[service].value[x] only Reference
* extension[service].value[x] 1..1
* extension[service].valueReference only Reference(OvergangHealthcareService)
* extension[since].value[x] only dateTime
* extension[since].value[x] 1..1
* extension[addedBy].value[x] only Reference
* extension[addedBy].value[x] 1..1
* extension[addedBy].valueReference only Reference(OvergangHealthcareService)

Extension: AnswerBy
Id: answer-by
Title: "By when an answer is wished"
Description: "A day."
Context: Communication
* value[x] only date
* value[x] 1..1

Extension: WishedPerson
Id: wished-person
Title: "Who is hoped to read it"
Description: "A name; what is addressed is the service."
Context: Communication
* value[x] only string
* value[x] 1..1

Invariant: hm-minutes
Description: "A talk lasts from 5 minutes to 4 hours"
Severity: #error
Expression: "value >= 5 and value <= 240"

Invariant: hm-slots
Description: "Every time that is offered has an id of its own"
Severity: #error
Expression: "extension.extension.where(url = 'id').value.isDistinct()"

Extension: TalkOffer
Id: talk-offer
Title: "Times for a talk"
Description: "Of which another member picks one."
Context: Communication
* obeys hm-slots
* extension contains by 1..1 and where 1..1 and slot 1..10
* extension[by].value[x] only code
* extension[by].value[x] 1..1
* extension[by].valueCode from TalkWays (required)
* extension[where].value[x] only string
* extension[where].value[x] 1..1
* extension[where] ^short = "The number to call, or the address of the video meeting"
* extension[slot].extension contains id 1..1 and start 1..1 and minutes 1..1
* extension[slot].extension[id].value[x] only uuid
* extension[slot].extension[id].value[x] 1..1
* extension[slot].extension[start].value[x] only dateTime
* extension[slot].extension[start].value[x] 1..1
* extension[slot].extension[minutes].value[x] only positiveInt
* extension[slot].extension[minutes].value[x] 1..1
* extension[slot].extension[minutes] obeys hm-minutes

Extension: Weighing
Id: weighing
Title: "A criterion for or against"
Description: "Of what an anonymous case is to decide."
Context: Communication
* extension contains weighs 1..1 and text 1..1
* extension[weighs].value[x] only code
* extension[weighs].value[x] 1..1
* extension[weighs].valueCode from PointsWeigh (required)
* extension[text].value[x] only string
* extension[text].value[x] 1..1

Extension: ThreadPermit
Id: thread-permit
Title: "A permit that a message rests on"
Description: "A yes of the patient's that its sender holds, for the purpose in Communication.reasonCode: when it was given, the last day it holds, and what it covers."
Context: Communication
* extension contains given 1..1 and until 1..1 and topic 1..*
* extension[given].value[x] only date
* extension[given].value[x] 1..1
* extension[until].value[x] only date
* extension[until].value[x] 1..1
* extension[topic].value[x] only code
* extension[topic].value[x] 1..1

Extension: PatientReads
Id: patient-reads
Title: "The patient may read the words"
Description: "As the author's agency had decided when it was sent."
Context: Communication
* value[x] only boolean
* value[x] 1..1

Invariant: hm-told
Description: "What is told of a message is that it was opened, what became of it, which time was picked, each with its time, or which documents were not taken in; who did it stands with what they did"
Severity: #error
Expression: "extension.where(url in ('openedAt' | 'fate' | 'slot' | 'infected' | 'unchecked')).exists() and (extension.where(url in ('openedBy' | 'openedTitle')).empty() or extension.where(url = 'openedAt').exists()) and extension.where(url = 'fate').exists() = extension.where(url = 'answeredAt').exists() and (extension.where(url = 'answeredBy').empty() or extension.where(url = 'fate').exists()) and extension.where(url = 'slot').exists() = extension.where(url = 'chosenAt').exists() and extension.where(url = 'slot').exists() = extension.where(url = 'chosenBy').exists() and (extension.where(url = 'phone').empty() or extension.where(url = 'slot').exists())"

Extension: Told
Id: told
Title: "What one member tells of one message"
Description: "Who opened it there first, what became of it after it was taken back, which of the offered times was picked, or which of its documents held a virus or could not be looked at."
Context: Communication
* obeys hm-told
* extension contains message 1..1 and openedAt 0..1 and openedBy 0..1 and openedTitle 0..1 and fate 0..1 and answeredAt 0..1 and answeredBy 0..1 and slot 0..1 and chosenBy 0..1 and chosenAt 0..1 and phone 0..1 and infected 0..* and unchecked 0..*
* extension[message].value[x] only Identifier
* extension[message].value[x] 1..1
* extension[message].valueIdentifier
  * insert UuidIdentifier
* extension[message].valueIdentifier obeys hm-uuid
* extension[openedAt].value[x] only dateTime
* extension[openedAt].value[x] 1..1
* extension[openedBy].value[x] only string
* extension[openedBy].value[x] 1..1
* extension[openedTitle].value[x] only string
* extension[openedTitle].value[x] 1..1
* extension[fate].value[x] only code
* extension[fate].value[x] 1..1
* extension[fate].valueCode from RetractionFates (required)
* extension[answeredAt].value[x] only dateTime
* extension[answeredAt].value[x] 1..1
* extension[answeredBy].value[x] only string
* extension[answeredBy].value[x] 1..1
* extension[slot].value[x] only uuid
* extension[slot].value[x] 1..1
* extension[chosenBy].value[x] only Reference
* extension[chosenBy].value[x] 1..1
* extension[chosenBy].valueReference only Reference(OvergangPractitionerRole)
* extension[chosenAt].value[x] only dateTime
* extension[chosenAt].value[x] 1..1
* extension[phone].value[x] only string
* extension[phone].value[x] 1..1
* extension[phone] ^short = "Where the one who picked the time is called"
* extension[infected].value[x] only string
* extension[infected].value[x] 1..1
* extension[infected] obeys hm-sha256
* extension[infected] ^short = "SHA-256 of a document that came with the message and was not taken in: it holds a virus"
* extension[unchecked].value[x] only string
* extension[unchecked].value[x] 1..1
* extension[unchecked] obeys hm-sha256
* extension[unchecked] ^short = "SHA-256 of a document that came with the message and was not taken in: nobody could look for viruses in it in time"

// ---- what is sent --------------------------------------------------------------------------------------------------

Invariant: hm-thread-message
Description: "A message says to whom, about what, how soon, under which reference and among whom, each subject once; one that is sent on as part of another says of it only under which subjects it has stood"
Severity: #error
Expression: "partOf.empty() = recipient.exists() and (partOf.exists() or category.exists()) and category.coding.code.isDistinct() and partOf.empty() = priority.exists() and partOf.empty() = identifier.where(system = 'https://overgang.example/fhir/sid/thread-reference').exists() and partOf.empty() = extension.where(url = 'https://overgang.example/fhir/StructureDefinition/thread-member').exists() and (partOf.empty() or (subject.empty() and topic.empty() and reasonCode.empty() and extension.where(url in ('https://overgang.example/fhir/StructureDefinition/answer-by' | 'https://overgang.example/fhir/StructureDefinition/wished-person' | 'https://overgang.example/fhir/StructureDefinition/talk-offer' | 'https://overgang.example/fhir/StructureDefinition/weighing' | 'https://overgang.example/fhir/StructureDefinition/thread-permit')).empty()))"

Invariant: hm-thread-subject
Description: "A question and an anonymous case name no patient and no other subject, a message about anything else names one, and has stood only under such"
Severity: #error
Expression: "partOf.exists() or (category.coding.where(code in ('question' | 'anonymous-case')).exists() = subject.empty() and (subject.exists() or category.count() = 1))"

Invariant: hm-anonymous
Description: "Of an anonymous case nothing travels but words and what is weighed: no document, no permit, no purpose, nothing for the patient to read; nothing else is weighed"
Severity: #error
Expression: "(category.coding.where(code = 'anonymous-case').empty() and extension.where(url = 'https://overgang.example/fhir/StructureDefinition/weighing').empty()) or (category.coding.where(code = 'anonymous-case').exists() and payload.content.reference.empty() and reasonCode.empty() and extension.where(url in ('https://overgang.example/fhir/StructureDefinition/thread-permit' | 'https://overgang.example/fhir/StructureDefinition/patient-reads')).empty())"

Profile: OvergangThreadMessage
Parent: Communication
Id: overgang-thread-message
Title: "A message of a thread"
Description: "The one that is sent, or one that it sends on (partOf). What it answers is named by identifier: the receiver may not have it."
* obeys hm-thread-message and hm-thread-subject and hm-anonymous
* extension contains Thread named thread 1..1 and ThreadMember named member 0..12 and AnswerBy named answerBy 0..1 and WishedPerson named wishedPerson 0..1 and TalkOffer named talkOffer 0..1 and Weighing named weighing 0..20 and ThreadPermit named permit 0..* and PatientReads named patientReads 0..1
* identifier 1..2
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #closed
* identifier contains message 1..1 and reference 0..1
* identifier[message].system 1..1
* identifier[message].system = "urn:ietf:rfc:3986" (exactly)
* identifier[message].value 1..1
* identifier[message] obeys hm-uuid
* identifier[reference].system 1..1
* identifier[reference].system = "https://overgang.example/fhir/sid/thread-reference" (exactly)
* identifier[reference].value 1..1
* partOf 0..1
* partOf only Reference(OvergangThreadMessage)
* inResponseTo 0..1
* inResponseTo.reference 0..0
* inResponseTo.identifier 1..1
* inResponseTo.identifier
  * insert UuidIdentifier
* inResponseTo.identifier obeys hm-uuid
* status = #completed
* category 0..10
* category ^short = "What the thread is about, then every other subject under which the words were sent before; of a message that is sent on, every subject under which it has stood (none: not known)"
* category from ThreadSubjects (required)
* category.coding 1..1
* category.coding.system 1..1
* category.coding.code 1..1
* priority from ThreadPriorities (required)
* subject only Reference(OvergangPatient)
* topic.text 1..1
* recipient only Reference(OvergangHealthcareService)
* sender 1..1
* sender only Reference(OvergangPractitionerRole)
* sent 1..1
* received 0..0
* reasonCode 0..1
* reasonCode from SharingPurposes (required)
* reasonCode.coding 1..1
* reasonCode.coding.system 1..1
* reasonCode.coding.code 1..1
* payload 0..21
* payload.content[x] only string or Reference
* payload.contentReference only Reference(OvergangThreadFile)

Profile: OvergangThreadFile
Parent: DocumentReference
Id: overgang-thread-file
Title: "A document of a message"
Description: "It belongs to the message whose payload names it, and travels as an encrypted blob beside this one. Nobody but the receiver of this message has its key."
* status = #current
* content 1..1
* content.attachment.contentType 1..1
* content.attachment.contentType from AttachmentTypes (required)
* content.attachment.data 0..0
* content.attachment.url 0..0
* content.attachment.hash 0..0
* content.attachment.size 1..1
* content.attachment.title 1..1
* content.attachment.extension contains SealedBlob named blob 1..1

Invariant: hm-hop
Description: "A message that answers none comes from none; what answers, or is sent on, names the message it comes from"
Severity: #error
Expression: "activity.coding.where(code = 'new-message').exists() = entity.empty()"

Profile: OvergangHop
Parent: Provenance
Id: overgang-hop
Title: "One hop of a message"
Description: "Who sent it, when, and from which message: the one it answers, or for what is sent on the one in which it had come. A message has one of its first sending; what is sent on has one more for each time that it was, in that order."
* obeys hm-hop
* target 1..1
* target only Reference(OvergangThreadMessage)
* activity 1..1
* activity from ThreadSendings (required)
* activity.coding 1..1
* activity.coding.system 1..1
* activity.coding.code 1..1
* agent 1..1
* agent.who only Reference(OvergangPractitionerRole)
* entity 0..1
* entity.role = #revision
* entity.what.identifier 1..1
* entity.what.identifier
  * insert UuidIdentifier
* entity.what.identifier obeys hm-uuid

Invariant: hm-word
Description: "A word says something: of a message, or who is in the thread"
Severity: #error
Expression: "extension.where(url in ('https://overgang.example/fhir/StructureDefinition/told' | 'https://overgang.example/fhir/StructureDefinition/thread-member')).exists()"

Profile: OvergangThreadWord
Parent: Communication
Id: overgang-thread-word
Title: "What one member of a thread tells another"
Description: "Of its messages and its members, and never of its patient. A machine speaks for the service."
* obeys hm-word
* extension contains Thread named thread 1..1 and Told named told 0..* and ThreadMember named member 0..12
* status = #completed
* subject 0..0
* topic 0..0
* recipient 1..1
* recipient only Reference(OvergangHealthcareService)
* sender 1..1
* sender only Reference(OvergangPractitionerRole or OvergangHealthcareService)
* sent 1..1
* payload 0..0
* note 0..0

Profile: OvergangThreadRetraction
Parent: Communication
Id: overgang-thread-retraction
Title: "A message that was sent by mistake"
Description: "Named by its identifier, with a reason from a list; nothing of what it said, nor of its patient."
* extension contains Thread named thread 1..1
* identifier 1..1
* identifier
  * insert UuidIdentifier
* identifier obeys hm-uuid
* status = #entered-in-error
* statusReason 1..1
* statusReason from RetractionReasons (required)
* statusReason.coding 1..1
* statusReason.coding.system 1..1
* statusReason.coding.code 1..1
* statusReason.coding.display 0..0
* statusReason.text 0..0
* subject 0..0
* topic 0..0
* recipient 1..1
* recipient only Reference(OvergangHealthcareService)
* sender 1..1
* sender only Reference(OvergangPractitionerRole)
* sent 1..1
* payload 0..0
* note 0..0

Profile: OvergangRetracting
Parent: Provenance
Id: overgang-retracting
Title: "Who took a message back"
Description: "When, and which message: its author's service, or one that had sent it on."
* target 1..1
* target only Reference(OvergangThreadRetraction)
* activity 1..1
* activity = ThreadAct#retract-message
* agent 1..1
* agent.who only Reference(OvergangPractitionerRole)
* entity 1..1
* entity.role = #removal
* entity.what.identifier 1..1
* entity.what.identifier
  * insert UuidIdentifier
* entity.what.identifier obeys hm-uuid

// ---- headers and messages ------------------------------------------------------------------------------------------

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
* focus only Reference(OvergangThreadMessage)

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
* focus only Reference(OvergangThreadWord)

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
* focus only Reference(OvergangThreadRetraction)

Invariant: hm-thread-focus
Description: "The header points to the one message that is sent; every other one is part of that"
Severity: #error
Expression: "entry.where(resource.sent.exists() and resource.partOf.empty()).fullUrl = entry.first().resource.focus.reference and entry.resource.partOf.reference.all($this = %resource.entry.first().resource.focus.reference)"

Invariant: hm-thread-hops
Description: "Of every message it is said who sent it first, and of those that are sent on, and no others, who sent them on"
Severity: #error
Expression: "entry.resource.where(activity.coding.code in ('new-message' | 'reply-message')).target.reference.count() = entry.resource.sent.count() and entry.resource.where(activity.coding.code in ('new-message' | 'reply-message')).target.reference.isDistinct() and entry.where(resource.partOf.exists()).fullUrl.all($this in %resource.entry.resource.where(activity.coding.code = 'forward-message').target.reference) and entry.resource.where(activity.coding.code = 'forward-message').target.reference.all($this in %resource.entry.where(resource.partOf.exists()).fullUrl)"

Invariant: hm-thread-files
Description: "Every document belongs to one message, whose payload names it"
Severity: #error
Expression: "entry.resource.content.attachment.count() = entry.resource.payload.content.reference.count() and entry.resource.payload.content.reference.isDistinct()"

Invariant: hm-thread-says
Description: "A message says something: words, a document, times for a talk, what is weighed, or what it sends on"
Severity: #error
Expression: "entry.resource.partOf.exists() or entry.resource.payload.exists() or entry.resource.extension.where(url in ('https://overgang.example/fhir/StructureDefinition/talk-offer' | 'https://overgang.example/fhir/StructureDefinition/weighing')).exists()"

Profile: OvergangCareMessage
Parent: OvergangMessage
Id: overgang-care-message
Title: "Message care-message"
Description: "One message of a thread, those it sends on as parts of it, who sent each of them, and how to open their documents."
* obeys hm-thread-focus and hm-thread-hops and hm-thread-files and hm-thread-says
* insert Parties
* entry contains header 1..1 and communication 1..* and patient 0..1 and file 0..* and hop 1..*
* entry[header].resource only OvergangCareMessageHeader
* entry[communication].resource only OvergangThreadMessage
* entry[patient].resource only OvergangPatient
* entry[file].resource only OvergangThreadFile
* entry[hop].resource only OvergangHop

Profile: OvergangCareMessageStatus
Parent: OvergangMessage
Id: overgang-care-message-status
Title: "Message care-message-status"
Description: "What one member of a thread tells another."
* insert Parties
* entry contains header 1..1 and communication 1..1
* entry[header].resource only OvergangCareMessageStatusHeader
* entry[communication].resource only OvergangThreadWord

Profile: OvergangCareMessageRetract
Parent: OvergangMessage
Id: overgang-care-message-retract
Title: "Message care-message-retract"
Description: "Takes one message back."
* insert Parties
* entry contains header 1..1 and communication 1..1 and provenance 1..1
* entry[header].resource only OvergangCareMessageRetractHeader
* entry[communication].resource only OvergangThreadRetraction
* entry[provenance].resource only OvergangRetracting

// Our own codes. Where a national table has the word, the national coding stands instead or beside.

RuleSet: OwnCodes
* ^caseSensitive = true
* ^experimental = false

CodeSystem: MessageEvent
Id: message-event
Title: "What a message is about"
Description: "Events of MessageHeader.eventCoding. Those without a profile in this version are reserved."
* insert OwnCodes
* #referral-request "A new referral, or one that is sent on to another service"
* #referral-update "What the referrer tells or asks for after sending"
* #referral-status "What the service that holds the referral has decided, numbered"
* #care-message "A message in a thread between two services"
* #care-message-status "What became of a message in a thread"
* #care-message-retract "A message in a thread is taken back"
* #handover-bundle "The document that a patient lets travel to the next service"
* #handover-status "What the receiving service does with a handover"
* #handover-withdraw "The patient takes a handover back"
* #case-link "An anonymous case is about this person"
* #case-unlink "A case is anonymous again"
* #directory-correction "An entry of the directory seems wrong"
* #acknowledgement "What became of one message, as seen by the receiver's machines"

CodeSystem: ReferralStatus
Id: referral-status
Title: "Business status of a referral"
Description: "What people have decided. Never what machines did: that is delivery."
* insert OwnCodes
* #draft "Written, not sent"
* #sent "Sent, not known to have arrived"
* #received "Received; the deadline of the assessment runs"
* #assessing "Being assessed"
* #info-requested "The referrer has been asked; the deadline still runs"
* #accepted "Right to treatment"
* #scheduled "The first appointment is set"
* #started "Treatment has started"
* #completed "Treatment has ended"
* #rejected "No right to treatment here"
* #redirecting "Being sent on; still held by this service"
* #redirected "Sent on; held by the new service"
* #withdrawal-requested "The referrer asks to withdraw"
* #withdrawn "Withdrawn"
* #entered-in-error "Sent in error, and taken back before anybody opened it"

CodeSystem: ReferralAct
Id: referral-act
Title: "What can be done with a referral"
Description: "The acts of the lifecycle; Provenance.activity names the one behind a message."
* insert OwnCodes
* #send "Send"
* #undo-send "Take back before it has left"
* #send-again "Send again after it did not arrive"
* #give-up "Give up sending"
* #retract "Take back what was sent in error"
* #answer "Answer all open questions"
* #answer-part "Answer some of the open questions"
* #supplement "Add information"
* #request-withdrawal "Ask to withdraw"
* #note-to-receiver "Write to the receiver"
* #record-arrival "Record that a paper referral arrived"
* #outcome-opened "Open the outcome at the referrer"
* #open "Open"
* #take "Take on the assessment"
* #assign "Give the assessment to a colleague"
* #ask "Ask the referrer"
* #accept "Grant the right to treatment"
* #schedule "Set the first appointment"
* #reschedule "Move the appointment"
* #cancel-appointment "Cancel the appointment"
* #no-show "Record that the patient did not come"
* #start "Start the treatment"
* #complete "End the treatment"
* #reject "Refuse"
* #redirect "Send on to another service"
* #confirm-withdrawal "Confirm the withdrawal"
* #note-to-referrer "Write to the referrer"
* #internal-note "Write a note that never leaves"
* #arrive "Arrive"
* #redirect-arrived "Arrive at the new service"
* #redirect-failed "Fail to arrive at the new service"

CodeSystem: ReferralUpdateKind
Id: referral-update-kind
Title: "What the referrer tells or asks for"
Description: "Task.code of a referral-update."
* insert OwnCodes
* #answer "An answer to questions"
* #supplement "Further information"
* #withdrawal "Please withdraw the referral"
* #retraction "Sent in error: please delete it unopened"
* #note "A note"
* #outcome-opened "The referrer has opened the outcome"

CodeSystem: ReferralOutcome
Id: referral-outcome
Title: "What was decided about a referral"
Description: "The kinds of outcome; table 9148 stands beside where it has the word."
* insert OwnCodes
* #acceptance "Right to treatment"
* #refusal "No right to treatment here"
* #redirection "Sent on to another service"
* #completion "Treatment has ended"
* #withdrawal "Withdrawn or taken back"

CodeSystem: ReferralPart
Id: referral-part
Title: "Parts of a referral and of its status"
Description: "Names the texts and values for which the national tables (8231, 8233, 9034) have no code."
* insert OwnCodes
* #risk "Risk"
* #reference "Short reference that people say on the phone"
* #question "A question to the referrer"
* #answers "The question that this answers"
* #attachment "An attachment"
* #outcome "What was decided"
* #reason "Why"
* #advice "What to do instead or next"
* #complaint "How to complain"
* #what-happens-next "What happens next, as the outcome says it"
* #next-step "The next step of the case"
* #assessor "Who decided, with phone"
* #assessing "Who is assessing"
* #redirected-to "The service it was sent on to"
* #redirected-leg "Which service in the row it was sent on to"
* #addition "What the referrer added after sending"
* #result "What came of the treatment"
* #follow-up "Who follows up from here"
* #withdrawn-by "Who withdrew"
* #trusted-person "Trusted person (tillitsperson)"
* #other-helper "Somebody else who helps"
* #clinician "Who meets the patient"
* #place "Where"
* #companion "Who comes along"

CodeSystem: ReferralDate
Id: referral-date
Title: "Dates of a referral"
Description: "Those that table 9147 has no code for."
* insert OwnCodes
* #received "Received by this service"
* #warn-on "Deadline by the earlier reading of the law"
* #started "Treatment started"
* #decided "The present outcome was decided"

CodeSystem: MessageProblem
Id: message-problem
Title: "What is wrong with a message"
Description: "OperationOutcome.issue.details: a closed list, so that each has a sentence in every language."
* insert OwnCodes
* #too-large "The message is larger than the profile allows"
* #too-deep "The message is nested too deep"
* #not-utf8 "The message is not UTF-8"
* #not-json "The message is not JSON"
* #not-an-object "A JSON object was expected"
* #duplicate-key "The same member occurs twice in one object"
* #control-character "A text holds a control character"
* #unknown-event "No such event"
* #unknown-resource "No such resource type in FHIR R4"
* #wrong-resource "Another type of resource was expected"
* #unknown-element "No such element here"
* #missing "A required element is missing"
* #too-many "The element occurs too often"
* #not-allowed "The profile does not allow this element"
* #empty "An empty object or array"
* #null "Null where a value was expected"
* #wrong-type "The JSON type is wrong"
* #bad-format "The value is not written as its type demands"
* #too-long "The text is too long"
* #blank "The text holds only white space"
* #fixed-value "The profile fixes this value to another one"
* #unknown-code "The code is not in the required value set"
* #unknown-modifier "A modifier extension that we do not understand"
* #slice-missing "A required slice is missing"
* #slice-too-many "A slice occurs too often"
* #no-slice "The element fits none of the allowed slices"
* #rule "A rule of the profile is broken"
* #unsafe-narrative "The narrative is not safe XHTML"
* #duplicate-full-url "Two entries have the same fullUrl"
* #duplicate-id "Two things here have the same id"
* #dangling-reference "The reference points to nothing in the message"
* #wrong-target "The reference points to the wrong type of resource"
* #unused-contained "A contained resource that nothing refers to"
* #header-not-first "The first entry of a message is its MessageHeader"
* #id-mismatch "An id in the message differs from the signed one"
* #unknown-addressee "No such service or agency here"
* #same-id-other-content "The message id was used before with other content"
* #broken-request "The message asks for something that is not possible now"
* #infected "A document holds a virus"

// ---- value sets ----------------------------------------------------------------------------------------------------

ValueSet: MessageEvents
Id: message-events
Title: "Message events"
Description: "All events of this community."
* ^experimental = false
* include codes from system MessageEvent

ValueSet: ReferralStatuses
Id: referral-statuses
Title: "Business statuses that travel"
Description: "Own codes, and table 9148 beside them where it has the word (1 called in, 2 right granted, 3 sent on, 4 refused)."
* ^experimental = false
* include codes from system ReferralStatus
* $9148#1
* $9148#2
* $9148#3
* $9148#4

ValueSet: ReferralActs
Id: referral-acts
Title: "Acts on a referral"
Description: "All acts of the lifecycle."
* ^experimental = false
* include codes from system ReferralAct

ValueSet: ReferralUpdateKinds
Id: referral-update-kinds
Title: "Kinds of update"
Description: "What a referrer can tell or ask for."
* ^experimental = false
* include codes from system ReferralUpdateKind

ValueSet: ReferralOutcomes
Id: referral-outcomes
Title: "Outcomes"
Description: "Own codes, and table 9148 beside them."
* ^experimental = false
* include codes from system ReferralOutcome
* $9148#2
* $9148#3
* $9148#4

ValueSet: ReferralTexts
Id: referral-texts
Title: "Texts of a referral"
Description: "Parts of a referral that are free text: national codes where there are any."
* ^experimental = false
* $8233#ANAM "Sykehistorie"
* $8231#HJ "Funksjonsnivå/hjelpetiltak"
* $8231#FA "Familie/sosialt"
* $9034#23 "Ønsket behandler"
* ReferralPart#risk

ValueSet: ReferralInputs
Id: referral-inputs
Title: "Inputs of an update"
Description: "What an update points to."
* ^experimental = false
* ReferralPart#answers
* ReferralPart#attachment

ValueSet: ReferralOutputs
Id: referral-outputs
Title: "Outputs of a status"
Description: "What a status says beyond its code."
* ^experimental = false
* ReferralPart#question
* ReferralPart#outcome
* ReferralPart#reason
* ReferralPart#advice
* ReferralPart#complaint
* ReferralPart#what-happens-next
* ReferralPart#next-step
* ReferralPart#assessor
* ReferralPart#assessing
* ReferralPart#redirected-to
* ReferralPart#redirected-leg
* ReferralPart#result
* ReferralPart#follow-up
* ReferralPart#withdrawn-by

ValueSet: ReferralDates
Id: referral-dates
Title: "Kinds of date"
Description: "Table 9147 and our own."
* ^experimental = false
* $9147#1 "Ansiennitetsdato"
* $9147#2 "Vurderingsdato"
* $9147#3 "Frist for nødvendig helsehjelp"
* $9147#4 "Ventetid sluttdato"
* include codes from system ReferralDate

ValueSet: Urgencies
Id: urgencies
Title: "Urgency (table 8306)"
Description: "Immediate, urgent, ordinary."
* ^experimental = false
* $8306#0 "Øyeblikkelig hjelp"
* $8306#3 "Haster (elektiv)"
* $8306#N "Elektiv/Ordinær (elektiv)"

ValueSet: Wishes
Id: wishes
Title: "What is asked for (table 8455)"
Description: "Assessment and treatment, advice, other."
* ^experimental = false
* $8455#10 "Utredning/behandling"
* $8455#11 "Råd til henviser"
* $8455#99 "Øvrige henvisninger"

ValueSet: Consents
Id: consents
Title: "Consent to the referral (table 9064)"
Description: "As the referrer states it."
* ^experimental = false
* $9064#1 "Ja, samtykke er innhentet"
* $9064#2 "Pasientens samtykke er ikke påkrevet i dette tilfellet"
* $9064#3 "Svar på forespørsel e.l. som pasienten har gitt samtykke til"
* $9064#4 "Nei, pasienten har ikke gitt sitt samtykke"

ValueSet: PatientContacts
Id: patient-contacts
Title: "Who somebody around the patient is"
Description: "Next of kin, trusted person, other helper."
* ^experimental = false
* $v2-0131#N "Next-of-Kin"
* ReferralPart#trusted-person
* ReferralPart#other-helper

ValueSet: AppointmentParts
Id: appointment-parts
Title: "Who and where an appointment is"
Description: "The clinician, the place, those who come along."
* ^experimental = false
* ReferralPart#clinician
* ReferralPart#place
* ReferralPart#companion

ValueSet: AppointmentStatuses
Id: appointment-statuses
Title: "States of a first appointment"
Description: "Those of FHIR's that a referral knows."
* ^experimental = false
* http://hl7.org/fhir/appointmentstatus#booked
* http://hl7.org/fhir/appointmentstatus#cancelled
* http://hl7.org/fhir/appointmentstatus#noshow
* http://hl7.org/fhir/appointmentstatus#fulfilled

ValueSet: AttachmentTypes
Id: attachment-types
Title: "Types of attachment"
Description: "What people may attach; checked by content."
* ^experimental = false
* urn:ietf:bcp:13#application/pdf
* urn:ietf:bcp:13#image/jpeg
* urn:ietf:bcp:13#image/png

ValueSet: MessageProblems
Id: message-problems
Title: "Problems"
Description: "All problems that a check of a message can report."
* ^experimental = false
* include codes from system MessageProblem

// Codes of a handover. Where a national table has the word (9602), the national coding stands.

CodeSystem: HandoverStatus
Id: handover-status
Title: "Business status of a handover"
Description: "What people have decided. Until `taken-over` the sending service is responsible."
* insert OwnCodes
* #draft "Written together, not sent"
* #with-patient "The patient marks what travels"
* #paused "Paused by the patient"
* #approved "The patient has said yes"
* #sent "Sent, not known to have arrived"
* #received "Received"
* #opened "Opened by the receiver"
* #meeting-planned "The meeting is planned"
* #meeting-held "The meeting was held"
* #taken-over "The receiver has taken over responsibility"
* #closed "Closed"
* #declined "The receiver does not take over"
* #withdrawn "Taken back before it was sent"
* #withdrawal-notified "Taken back after it was sent; the receiver must answer"
* #withdrawal-answered "The receiver has said what was done with it"

CodeSystem: HandoverAct
Id: handover-act
Title: "What can be done with a handover"
Description: "The acts of the lifecycle."
* insert OwnCodes
* #write "Write"
* #invite "Invite the patient to mark"
* #send "Send"
* #undo-send "Take back before it has left"
* #send-again "Send again after it did not arrive"
* #give-up "Give up sending"
* #note-to-receiver "Write to the receiver"
* #tell-trusted "Say that somebody the patient trusts was told, or why not"
* #close "Close"
* #mark "Mark an item"
* #write-own-words "Write in one's own words"
* #pause "Pause"
* #resume "Go on"
* #approve "Say yes to a document"
* #take-back-yes "Take back the yes"
* #release-more "Let more travel after sending"
* #withdraw "Take back the handover"
* #reopen "Begin again"
* #open "Open"
* #take "Take on the case"
* #ask "Ask the sender"
* #plan-meeting "Plan the meeting"
* #cancel-meeting "Cancel the meeting"
* #hold-meeting "Note that the meeting was held"
* #take-over "Take over responsibility"
* #decline "Decline"
* #answer-withdrawal "Say what was done with it"
* #note-to-sender "Write to the sender"
* #internal-note "Write a note that never leaves"
* #arrive "Arrive"
* #yes-lapsed "Lose the yes because something that travels has changed"

CodeSystem: HandoverSection
Id: handover-section
Title: "Sections of a handover document"
Description: "The ready topics, and what a section is beside them: about the handover, the patient's own words, one item and its pieces."
* insert OwnCodes
* #about "About this handover: the fixed sentence, the meeting, the agreed date"
* #meeting "What the patient wants said about the meeting"
* #own-words "The patient's own words"
* #item "One item"
* #clinician-text "What the clinician wrote"
* #details "What an item holds beside its texts"
* #attachment "A whole document that travels beside"
* #important-now "What is important to me now"
* #how-to-meet-me "How I want to be met, and at what pace"
* #need-help-with "What I need help with"
* #helps-me "What helps me and what I have learned"
* #does-not-help "What does not help"
* #medicines "Medicines"
* #crisis-plan "Crisis plan"
* #people "People I trust"
* #appointments "Next appointments"
* #plans "Plans"
* #practical "Practical life"
* #treatment "Treatment so far"
* #events "Events that matter"
* #diagnoses "Diagnoses"
* #documents "Documents"
* #free "Something else"

CodeSystem: HandoverPart
Id: handover-part
Title: "Parts of the receiver's reading"
Description: "In the order in which a receiver reads; the patient's own words stand before all of them."
* insert OwnCodes
* #need-now "What is needed now"
* #crisis "Crisis plan"
* #people "People around"
* #plans "Plans and appointments"
* #history "History"

CodeSystem: CrisisLevel
Id: crisis-level
Title: "Levels of a crisis plan"
Description: "The traffic-light plan."
* insert OwnCodes
* #green "Daily coping"
* #yellow "Contact and support"
* #red "Acute response"

CodeSystem: HandoverPerson
Id: handover-person
Title: "Who somebody is in a handover"
Description: "People around the patient, who meets whom, and who was there when the patient said yes."
* insert OwnCodes
* #trusted-person "Trusted person (tillitsperson)"
* #helper "Somebody else who helps"
* #patient "The patient"
* #witness "The clinician who wrote down the patient's yes"
* #clinician "Who meets the patient"
* #place "Where"
* #companion "Who comes along"

CodeSystem: HandoverValue
Id: handover-value
Title: "Values of a handover's tasks"
Description: "What the inputs and outputs of the three tasks are."
* insert OwnCodes
* #document "The document"
* #supplements "The document that this one adds to"
* #meeting "The handover meeting"
* #taken-over-by "Who has taken over, with phone"
* #title "The title of who has taken over"
* #from-date "From which day"
* #first-appointment "The first appointment after taking over"
* #signed-at "When it was signed"
* #reason "Why it was declined"
* #advice "What the sender can do instead"
* #declined-by "Who declined, with phone"
* #done "What was done with what was taken back"
* #done-why "Why it was kept, or what it was used for"
* #done-by "Who answers for that"
* #done-at "When that was said"

CodeSystem: WithdrawalDone
Id: handover-withdrawal-done
Title: "What was done with a handover that was taken back"
Description: "The receiver's answer, which the patient reads."
* insert OwnCodes
* #deleted "Deleted"
* #kept "Kept, on a legal basis that is named"
* #used "Already used"
* #not-received "Had not arrived, and nothing of it is kept should it arrive"

CodeSystem: HandoverMark
Id: handover-mark
Title: "The patient's choice for one item"
Description: "Three equal choices. It stands in a Consent at the origin and never leaves it."
* insert OwnCodes
* #undecided "Not decided yet: stays"
* #travels "Goes along"
* #stays "Stays"

CodeSystem: ConsentRule
Id: consent-rule
Title: "Rules of consent"
Description: "Whose word decides."
* insert OwnCodes
* #patient-chooses "The patient chooses item by item what travels; what is not chosen stays"
* #patient-blocks "Between health services a thing may travel unless the patient opposes (pasientjournalloven § 17)"
* #patient-permits "To others than health services a thing travels only on an explicit, purpose-bound and time-limited permit"

CodeSystem: SharingPurpose
Id: sharing-purpose
Title: "Purposes of a permit"
Description: "What a patient can let a non-health agency have something for."
* insert OwnCodes
* #handover "Handover"
* #referral "Referral"
* #coordination "Working together"
* #work-and-benefits "Work, activity and benefits"
* #housing "Housing and everyday money"

// ---- value sets ----------------------------------------------------------------------------------------------------

RuleSet: AllOf(system)
* ^experimental = false
* include codes from system {system}

ValueSet: HandoverStatuses
Id: handover-statuses
Title: "Statuses of a handover"
Description: "All of them."
* insert AllOf(HandoverStatus)

ValueSet: HandoverActs
Id: handover-acts
Title: "Acts on a handover"
Description: "All acts of the lifecycle."
* insert AllOf(HandoverAct)

ValueSet: HandoverSections
Id: handover-sections
Title: "Codes of sections"
Description: "Sections and parts."
* ^experimental = false
* include codes from system HandoverSection
* include codes from system HandoverPart

ValueSet: CrisisLevels
Id: crisis-levels
Title: "Levels of a crisis plan"
Description: "Green, yellow, red."
* insert AllOf(CrisisLevel)

ValueSet: PeopleAround
Id: people-around
Title: "People around the patient"
Description: "Next of kin and trusted person are two different things."
* ^experimental = false
* $v2-0131#N "Next-of-Kin"
* HandoverPerson#trusted-person
* HandoverPerson#helper

ValueSet: HandoverParticipants
Id: handover-participants
Title: "Participants of an appointment"
Description: "The patient, whom they meet, where, who comes along."
* ^experimental = false
* HandoverPerson#patient
* HandoverPerson#clinician
* HandoverPerson#place
* HandoverPerson#companion

ValueSet: HandoverTypes
Id: handover-types
Title: "Types of a handover document (table 9602)"
Description: "A summary by several professions, or by one psychologist."
* ^experimental = false
* $9602#A11-2 "Tverrfaglig sammenfatning"
* $9602#A07-2 "Psykologsammenfatning"

ValueSet: HandoverSendings
Id: handover-sendings
Title: "Why a document is sent"
Description: "The first time in a round, or a supplement."
* ^experimental = false
* HandoverAct#send
* HandoverAct#release-more

ValueSet: WithdrawalsDone
Id: handover-withdrawals-done
Title: "What was done with it"
Description: "All answers."
* insert AllOf(WithdrawalDone)

ValueSet: YesAgents
Id: yes-agents
Title: "Who is there when a patient says yes"
Description: "The patient, and perhaps a witness."
* ^experimental = false
* HandoverPerson#patient
* HandoverPerson#witness

ValueSet: CrisisPlanTypes
Id: crisis-plan-types
Title: "Type of a crisis plan (table 9602)"
Description: "The national code."
* ^experimental = false
* $9602#A01-2 "Kriseplan"

ValueSet: ConsentCategories
Id: consent-categories
Title: "Category of a consent"
Description: "A patient's consent."
* ^experimental = false
* $loinc#59284-0 "Patient Consent"

ValueSet: MeetingStatuses
Id: meeting-statuses
Title: "States of a meeting"
Description: "Those of FHIR's that a handover knows."
* ^experimental = false
* http://hl7.org/fhir/appointmentstatus#booked
* http://hl7.org/fhir/appointmentstatus#cancelled
* http://hl7.org/fhir/appointmentstatus#fulfilled

ValueSet: NoteKinds
Id: note-kinds
Title: "Kinds of note"
Description: "A note, or a question that waits for an answer."
* ^experimental = false
* HandoverNoteKind#note
* HandoverNoteKind#question

CodeSystem: HandoverNoteKind
Id: handover-note-kind
Title: "Kinds of note"
Description: "What a note between the two sides is."
* insert OwnCodes
* #note "A note"
* #question "A question"

ValueSet: MarksThatStay
Id: marks-that-stay
Title: "Choices that keep an item at the origin"
Description: "Stays, and not decided yet."
* ^experimental = false
* HandoverMark#stays
* HandoverMark#undecided

ValueSet: SharingPurposes
Id: sharing-purposes
Title: "Purposes of a permit"
Description: "All of them."
* insert AllOf(SharingPurpose)

// ---- consent: kept where it was given, never sent ------------------------------------------------------------------

RuleSet: ConsentOfPatient
* scope = $consentscope#patient-privacy
* category 1..1
* category from ConsentCategories (required)
* patient 1..1
* patient.identifier 1..1
* dateTime 1..1
* policyRule 1..1

Profile: OvergangHandoverChoices
Parent: Consent
Id: overgang-handover-choices
Title: "The patient's choices about one handover"
Description: "The handover may travel, except for each item that stays or is undecided. It names items by their ids at the origin: it never leaves it."
* insert ConsentOfPatient
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* status = #active
* policyRule = ConsentRule#patient-chooses
* provision 1..1
* provision.type 1..1
* provision.type = #permit
* provision.actor 2..2
* provision.data 1..1
* provision.data.meaning = #instance
* provision.data.reference.identifier 1..1
* provision.provision.type 1..1
* provision.provision.type = #deny
* provision.provision.code 1..1
* provision.provision.code from MarksThatStay (required)
* provision.provision.data 1..1
* provision.provision.provision 0..0

Profile: OvergangBlock
Parent: Consent
Id: overgang-block
Title: "A block"
Description: "Nothing about the patient may travel to that service, to that agency or to anyone (no actor). Holds until it is withdrawn (inactive)."
* insert ConsentOfPatient
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* policyRule = ConsentRule#patient-blocks
* provision 1..1
* provision.type 1..1
* provision.type = #deny
* provision.actor 0..1
* provision.actor.role = $participation#IRCP
* provision.actor.reference.identifier 1..1

Profile: OvergangPermit
Parent: Consent
Id: overgang-permit
Title: "A permit"
Description: "What may travel to a service that is no health service: for one purpose, about some topics, until a day."
* insert ConsentOfPatient
* identifier 1..1
* identifier.system 1..1
* identifier.system = "urn:ietf:rfc:3986" (exactly)
* identifier.value 1..1
* identifier obeys hm-uuid
* policyRule = ConsentRule#patient-permits
* provision 1..1
* provision.type 1..1
* provision.type = #permit
* provision.period 1..1
* provision.period.end 1..1
* provision.actor 1..1
* provision.actor.role = $participation#IRCP
* provision.actor.reference.identifier 1..1
* provision.purpose 1..1
* provision.purpose from SharingPurposes (required)
* provision.code 1..*

"""One plain sentence for each refusal, and for each field that must be put right."""

from typing import Final

from handover.consent.words import OBSTACLES
from handover.exchange.words import FILES
from handover.person import age
from handover.web.i18n import Sentence, Text
from handover.web.i18n import lazy_gettext as _l

REFUSALS: Final[dict[str, Sentence]] = {
    **OBSTACLES,
    "message.stale": _l("Tråden har endret seg siden du åpnet siden. Ingenting er endret nå."),
    "message.move-not-allowed": _l("Det går ikke an å gjøre dette slik meldingen står nå. Ingenting er endret."),
    "message.wrong-side": _l("Det går ikke an å gjøre dette slik meldingen står nå. Ingenting er endret."),
    "message.guard.not-left": _l("Meldingen er alt på vei, og sendingen kan ikke angres."),
    "exchange.already-left": _l("Meldingen er alt på vei, og sendingen kan ikke angres."),
    "message.guard.undelivered": _l("Vi prøver fortsatt å få meldingen fram."),
    "message.unopened": _l("Tråden har en melding som ingen hos dere har åpnet. Åpne den først."),
    "message.already-sent": _l("Noe er alt sendt i tråden. Emnet og pasienten kan ikke endres."),
    "message.other-patient": _l("Det som følger med, gjelder en annen pasient. Ingenting er endret."),
    "message.documents-wait": _l(
        "Et dokument venter på viruskontroll. Meldingen kan sendes videre når dokumentet er kommet."
    ),
    "message.to-oneself": _l("Meldingen må gå til en annen tjeneste enn den du skriver fra. Velg en annen."),
    "message.receiver.unknown": _l("Tjenesten finnes ikke i adresseboka. Velg en annen."),
    "message.receiver.closed": _l("Tjenesten er stengt nå. Velg en annen. Det du har skrevet, er lagret."),
    "message.receiver.paused": _l(
        "Tjenesten er stengt nå. Velg en annen, eller vent til den åpner. Det du har skrevet, er lagret."
    ),
    "message.bad-purpose": _l("Velg hva meldingen skal brukes til."),
    "message.unwritable": _l(
        "Vi klarte ikke å lage meldingen. Feilen er vår. Si fra til driftsansvarlig hos dere."
        " Det du har skrevet, er lagret."
    ),
    "message.no-role": _l("Du kan ikke skrive meldinger fra denne tjenesten."),
    "message.leader-only": _l("Bare lederen av tjenesten kan gjøre dette."),
    "message.not-offered": _l("Dette tidspunktet er ikke blant dem som er foreslått."),
    "message.already-chosen": _l("Noen har alt valgt et tidspunkt. Last siden på nytt for å se hvilket."),
    "team.being-answered": _l("En kollega skriver svar nå. Snakk sammen, eller ta over svaret."),
    "team.unfilled-blank": _l(
        "Teksten har noe som ikke er fylt ut. Meldingen er ikke sendt, og teksten er lagret."
    ),
    "team.snooze-past-deadline": _l("Velg en dag fram i tid, men ikke senere enn fristen. Ingenting er endret."),
    "message.identifying": _l("Noe ligner en identitet. Ta det bort, eller begrunn at det kan stå."),
    "message.not-in-a-case": _l(
        "En anonym sak har ingen dokumenter, og ingenting sendes videre inn i den eller ut av den."
    ),
    "message.names-a-patient": _l(
        "Et spørsmål uten pasient kan ikke ha et fødselsnummer. Ta det bort, eller velg et emne med pasient."
        " Meldingen er ikke sendt, og teksten er lagret."
    ),
    "message.case.already-linked": _l("Saken er koblet til en annen pasient. Ta bort den koblingen først."),
    "message.case.not-linked": _l("Saken er ikke koblet til noen."),
    "message.case.not-yours": _l("Bare tjenesten som begynte på saken, kan si hvem den gjelder."),
    "message.case.nothing-there": _l("Teksten er endret siden du åpnet siden. Se over den på nytt."),
}
"""By stable code."""

SENTENCES: Final[dict[str, Text]] = {
    **age.SENTENCES,
    "text.required": _l("Skriv en melding, eller legg ved et dokument."),
    "text.too-long": _l("Meldingen kan ha høyst 20 000 tegn. Legg ved et dokument hvis det trengs mer."),
    "line.too-long": _l("Linjen kan ha høyst 120 tegn."),
    "subject.required": _l("Velg hva meldingen gjelder."),
    "service.required": _l("Velg hvilken tjeneste du skriver fra."),
    "patient.required": _l("Skriv hvem pasienten er, eller velg «Spørsmål uten pasient»."),
    "patient.not-with-a-question": _l("Et spørsmål uten pasient kan ikke ha en pasient. Velg et annet emne."),
    "number.odd": _l("Skriv fødselsnummeret eller D-nummeret med 11 siffer, eller la feltet stå tomt."),
    "same.required": _l("Velg om det er en person dere kjenner, eller en annen."),
    "given.required": _l("Skriv fornavnet til pasienten."),
    "family.required": _l("Skriv etternavnet til pasienten."),
    "birth_date.required": _l("Skriv fødselsdatoen til pasienten."),
    "reason.required": _l("Velg hvorfor meldingen trekkes tilbake. Er det noe annet, må du forklare det."),
    "note.too-long": _l("Forklaringen kan ha høyst 1 000 tegn."),
    "past": _l("Tidspunktet har vært. Velg et fram i tid."),
    "slots.in-past": _l("Et av tidspunktene du foreslår, har vært. Endre dem."),
    "day1.required": _l("Skriv minst ett tidspunkt."),
    "by.required": _l("Velg telefon eller video."),
    "where.required": _l("Skriv et telefonnummer, eller lenken til videomøtet."),
    "where.too-long": _l("Telefonnummeret eller lenken kan ha høyst 100 tegn."),
    "minutes.number": _l("Skriv hvor mange minutter samtalen varer, mellom 15 og 240."),
    "wished_person.too-long": _l("Navnet kan ha høyst 100 tegn."),
    "answer_by.in-past": _l("Dagen har vært. Velg en dag fram i tid."),
    "to.oneself": REFUSALS["message.to-oneself"],
    "to.required": _l("Velg hvem meldingen skal til."),
    "to.member": _l("Tjenesten er alt med i tråden. Velg en annen."),
    "messages.required": _l("Velg minst én melding."),
    "history.required": _l("Velg hva tjenesten skal få se."),
    "to.too-many": _l("En tråd kan ha høyst 12 tjenester."),
    "files.required": _l("Velg minst én fil."),
    "files.too-many": _l("En melding kan ha høyst 20 dokumenter."),
    **{f"files.{code}": sentence for code, sentence in FILES.items() if code != "too-many"},
    "files.not-in-a-case": REFUSALS["message.not-in-a-case"],
    "text.not-in-a-case": REFUSALS["message.not-in-a-case"],
    "text.names-a-patient": REFUSALS["message.names-a-patient"],
    "note.identifying": _l("Forklaringen må ikke si hvem saken gjelder. Skriv den uten navn og nummer."),
    "phone.identifying": _l("I en anonym sak kan du bare oppgi ditt eget eller tjenestens telefonnummer."),
    "number.needed-to-ask": _l("Skriv fødselsnummeret. Uten det har pasienten ingen egen side å svare på."),
    "to.said-yes": _l("Pasienten har alt sagt ja til dette. Du kan koble saken nå."),
    "line.required": _l("Skriv hva dere skal drøfte, uten å si hvem det gjelder."),
    "same.other-birth-date": _l("Velg om det er en av dem du mente, eller en annen. Sjekk fødselsdatoen."),
    "is_checked.odd-birth-date": _l(
        "Fødselsdatoen passer ikke til fødselsnummeret. Sjekk begge, og rett det som er feil."
        " Er begge riktige, kryss av."
    ),
    "number.known-already": _l(
        "Dere kjenner noen med samme navn og fødselsdato."
        " Skriv fødselsnummeret, så blir det pasienten har valgt før, fulgt."
    ),
    "to.required-link": _l("Velg hvem pasienten har sagt ja til."),
    "until.required": _l("Skriv hvilken dag samtykket skal gjelde til."),
    "until.in-past": _l("Dagen har vært. Velg en dag fram i tid."),
    "until.too-long": _l("Et samtykke kan gjelde høyst ett år."),
    "for-0.too-long": _l("Hvert punkt kan ha høyst 200 tegn."),
}
"""By field and code."""

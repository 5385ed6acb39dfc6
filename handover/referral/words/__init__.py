"""Where a referral stands in words (WORDS.md): for the referrer, the receiver and the patient, in three languages.

Pages make a `Scene` (`scenes.scene_of` finds the names) and ask: `label` for the tag and its sentence, `banner`
for the answer at the top of a page, `timeline` for the steps, `receipts` for the three receipts, `happened` for a
line of history, `sections` for what the referral says. Pure over values; the words become the reader's language
when they are shown.
"""

from handover.referral.words.banner import asked_of as asked_of
from handover.referral.words.banner import banner as banner
from handover.referral.words.codes import CODE_SYSTEMS as CODE_SYSTEMS
from handover.referral.words.codes import URGENCIES as URGENCIES
from handover.referral.words.codes import choices as choices
from handover.referral.words.content import Section as Section
from handover.referral.words.content import sections as sections
from handover.referral.words.history import ACTS as ACTS
from handover.referral.words.history import happened as happened
from handover.referral.words.history import outcome_texts as outcome_texts
from handover.referral.words.scene import Scene as Scene
from handover.referral.words.states import TAGS as TAGS
from handover.referral.words.states import TONES as TONES
from handover.referral.words.states import Label as Label
from handover.referral.words.states import State as State
from handover.referral.words.states import Turned as Turned
from handover.referral.words.states import label as label
from handover.referral.words.timeline import receipts as receipts
from handover.referral.words.timeline import timeline as timeline

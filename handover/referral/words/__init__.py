"""Where a referral stands in words (WORDS.md): for the referrer, the receiver and the patient, in three languages.

Pages make a `Scene` (`scenes.scene_of` finds the names) and ask: `label` for the tag and its sentence, `timeline`
for the steps, `receipts` for the three receipts. Pure over values; the words become the reader's language when
they are shown.
"""

from handover.referral.words.codes import (
    CODE_SYSTEMS as CODE_SYSTEMS,
)
from handover.referral.words.codes import (
    CONSENTS as CONSENTS,
)
from handover.referral.words.codes import (
    URGENCIES as URGENCIES,
)
from handover.referral.words.codes import (
    WISHES as WISHES,
)
from handover.referral.words.scene import Scene as Scene
from handover.referral.words.states import TAGS as TAGS
from handover.referral.words.states import Label as Label
from handover.referral.words.states import label as label
from handover.referral.words.timeline import receipts as receipts
from handover.referral.words.timeline import timeline as timeline

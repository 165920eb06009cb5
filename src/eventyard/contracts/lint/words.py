"""The words of a name, and what English makes of them: whether one is in the past tense, and how it would be."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

#: Irregular verbs as base, past, participle; those that are the same in all three count as past, because they can be.
_IRREGULAR = """
arise arose arisen, awake awoke awoken, be was been, bear bore borne, beat beat beaten, become became become, begin
began begun, bend bent bent, bet bet bet, bid bid bid, bind bound bound, bite bit bitten, bleed bled bled, blow blew
blown, break broke broken, breed bred bred, bring brought brought, broadcast broadcast broadcast, build built built,
burn burnt burnt, buy bought bought, cast cast cast, catch caught caught, choose chose chosen, cling clung clung, come
came come, creep crept crept, cut cut cut, deal dealt dealt, dig dug dug, do did done, draw drew drawn, drink drank
drunk, drive drove driven, eat ate eaten, fall fell fallen, feed fed fed, feel felt felt, fight fought fought, find
found found, flee fled fled, fling flung flung, fly flew flown, forbid forbade forbidden, forecast forecast forecast,
foresee foresaw foreseen, forget forgot forgotten, forgive forgave forgiven, freeze froze frozen, get got gotten, give
gave given, go went gone, grind ground ground, grow grew grown, hang hung hung, have had had, hear heard heard, hide
hid hidden, hit hit hit, hold held held, keep kept kept, know knew known, lay laid laid, lead led led, learn learnt
learnt, leave left left, lend lent lent, let let let, lie lay lain, light lit lit, lose lost lost, make made made,
mean meant meant, meet met met, mislay mislaid mislaid, mistake mistook mistaken, offset offset offset, outbid outbid
outbid, overcome overcame overcome, overdo overdid overdone, overtake overtook overtaken, override overrode
overridden, oversee oversaw overseen, oversell oversold oversold, pay paid paid, prepay prepaid prepaid, put put put,
quit quit quit, read read read, rebuild rebuilt rebuilt, redo redid redone, repay repaid repaid, resell resold resold,
reset reset reset, rewrite rewrote rewritten, rid rid rid, ride rode ridden, ring rang rung, rise rose risen, run ran
run, say said said, see saw seen, seek sought sought, sell sold sold, send sent sent, set set set, shake shook shaken,
shed shed shed, shine shone shone, shoot shot shot, show showed shown, shrink shrank shrunk, shut shut shut, sing sang
sung, sink sank sunk, sit sat sat, sleep slept slept, slide slid slid, speak spoke spoken, spend spent spent, spin
spun spun, split split split, spread spread spread, spring sprang sprung, stand stood stood, steal stole stolen, stick
stuck stuck, strike struck stricken, string strung strung, swear swore sworn, sweep swept swept, swim swam swum, swing
swung swung, take took taken, teach taught taught, tear tore torn, tell told told, think thought thought, throw threw
thrown, undergo underwent undergone, understand understood understood, undertake undertook undertaken, undo undid
undone, uphold upheld upheld, upset upset upset, wake woke woken, wear wore worn, weave wove woven, win won won, wind
wound wound, withdraw withdrew withdrawn, withhold withheld withheld, withstand withstood withstood, write wrote
written
"""

#: Verbs that businesses do, for commands that want to be facts; their past is regular.
_REGULAR = """
accept activate add agree allocate amend announce apply appoint approve arrive assign attempt authorise authorize award
book call cancel capture change charge check claim clear close collect commit complete confirm contact convert correct
create credit debit decline deliver deploy dispatch discount dismiss dispute earn enrol enter escalate estimate
exceed expire extend fail finish fulfil fund grant handle hire identify import inform inspect insert install invite
issue join launch list load lock log mail move notify offer open order pack park pass pick place plan prepare price
process promote publish purchase qualify query raise rate receive reconcile redeem reduce refuse refund register reject
release remind remove renew rent repair replace report request require reserve resolve restock restore return review
revoke scan schedule select settle ship sign start stock stop store submit subscribe supply suspend sync terminate trade
train transfer trigger update upload use validate value verify view visit void vote warn
"""

#: End in "ed" and are no past tense.
_NO_PAST = """
bed bleed breed creed deed embed exceed feed freed greed heed hundred indeed kindred need proceed red reed sacred
screed seed shed speed steed succeed tweed weed wicked naked
"""
#: Mostly nouns where they come first: ``OrderPlace`` means the order, ``PlaceOrder`` the placing.
_NOUNS = """
book charge check claim contact credit debit discount estimate fund issue list log lot mail offer order plan price
process purchase query rate report request return review sale ship stock store supply train update visit vote
"""
#: May follow the verb: ``CarHandedOver``, ``OrderReturnedByCustomer``.
_FOLLOWERS = """
about above across after again against ahead along apart around as aside at away back before behind below beside by
down during early for forth forward from in inside into late near of off on onto out outside over past since through
to together toward towards under until up upon via with within without
"""


def _regular(verb: str) -> str:
    if verb.endswith("e"):
        return verb + "d"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ied"
    # A single consonant behind a single stressed vowel is doubled; these are the ones in the list above.
    if verb in ("cancel", "commit", "enrol", "fulfil", "log", "plan", "ship", "stop", "transfer", "submit"):
        return verb + verb[-1] + "ed"
    return verb + "ed"


_ROWS = [row.split() for row in _IRREGULAR.replace("\n", " ").split(",")]
_PASTS = frozenset(form for row in _ROWS for form in row[1:])
_PARTICIPLES = {row[0]: row[2] for row in _ROWS} | {verb: _regular(verb) for verb in _REGULAR.split()}
_NOT_PAST, _FIRST, _AFTER = frozenset(_NO_PAST.split()), frozenset(_NOUNS.split()), frozenset(_FOLLOWERS.split())


def words(name: str) -> list[str]:
    """``VATInvoiceReceived2`` has VAT, Invoice, Received and 2."""
    return _WORD.findall(name)


def is_past(word: str, also: frozenset[str] = frozenset()) -> bool:
    """Whether ``word`` can be the past tense or the past participle of a verb, by itself. ``also``: others that can, in
    lower case."""
    low = word.lower()
    return low in also or low in _PASTS or (len(low) > 3 and low.endswith("ed") and low not in _NOT_PAST)


def happened(name: str, also: frozenset[str] = frozenset()) -> bool:
    """Whether ``name`` tells what has happened: it has a verb in the past tense at its end, or before a preposition."""
    found = words(name)
    while found and found[-1].isdigit():
        found.pop()
    for at in range(len(found) - 1, -1, -1):
        if is_past(found[at], also):
            return at + 1 == len(found) or found[at + 1].lower() in _AFTER
    return False


def as_fact(name: str, also: frozenset[str] = frozenset()) -> str | None:
    """The fact that ``name`` may mean: ``InvoiceSent`` for ``SendInvoice``, ``CartAbandoned`` for ``AbandonedCart``.
    None if nothing comes to mind."""
    found = words(name)
    if len(found) < 2:
        return None
    first, *rest = found
    last = found[-1].lower()
    done = _PARTICIPLES.get(last) or _PARTICIPLES.get(last.removesuffix("s"))
    if done is not None and (first.lower() in _FIRST or first.lower() not in _PARTICIPLES):
        return name.removesuffix(found[-1]) + done[:1].upper() + done[1:]
    if first.lower() in _FIRST:
        return None
    done = first if is_past(first, also) else _PARTICIPLES.get(first.lower())
    if done is not None:
        fact = "".join([*(each[:1].upper() + each[1:] for each in rest), done[:1].upper() + done[1:]])
        return fact[:1].lower() + fact[1:] if name[:1].islower() else fact
    return None

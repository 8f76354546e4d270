"""x509_steps.py - leaves out each step of verifying a chain, one at a time, and says which unit test notices.

A mutant is one source file of src/x509 with one change, compiled and linked before the library, so that it takes the place of the
file there. `python3 tests/mutants/x509_steps.py` prints docs/x509-steps.md; test_x509_steps.py fails if a mutant lives.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "x509"
TIMEOUT_SECONDS = 120

# file, what is left out, text, text in its place
BY_HAND = [
    ("whole_path.c", "the signature is verified at all", "return v->err;", "return v->err = BJ_OK;"),
    ("whole_path.c", "a wrong signature is remembered as wrong", "return s->verified[i].err;", "return BJ_OK;"),
    ("path.c", "the issuer has the name that is asked for (anchors)", "if (search_same_name(s, a->cert.subject, cert->issuer) && try_issuer",
     "if (try_issuer"),
    ("path.c", "the issuer has the name that is asked for (sent)", "|| !search_same_name(s, extra->subject, cert->issuer) ||", "||"),
    ("path.c", "what ends a path is an anchor", "done = is_anchor ? end_of_path(s) : search_extend(s);", "done = end_of_path(s);"),
    ("path.c", "only an anchor may be judged as one", "is_anchor ? ROLE_ANCHOR : ROLE_CA", "ROLE_ANCHOR"),
    ("path.c", "issuers are judged", "if (rules_judge(&s->rules, issuer,", "if (!issuer && rules_judge(&s->rules, issuer,"),
    ("path.c", "the end entity is judged", "if (rules_judge(&s->rules, leaf,", "if (!leaf && rules_judge(&s->rules, leaf,"),
    ("path.c", "an end entity that is an anchor is judged as one", "pinned ? ROLE_PINNED : ROLE_LEAF", "ROLE_LEAF"),
    ("path.c", "an end entity is only an anchor if it is one", "bool pinned = trust_holds(s->in->trust, leaf);", "bool pinned = true;"),
    ("whole_path.c", "broken rules stop the first walk", "if (!s->explain)\n\t\treturn false;", ""),
    ("path.c", "a broken rule is the verdict", "if (s->broken.err) {", "if (0) {"),
    ("path.c", "a broken rule is forgotten when the walk turns back", "if (!done)\n\t\ts->broken = before;", ""),
    ("whole_path.c", "name constraints are asked", "return constraints_hold(s) && ", "return "),
    ("whole_path.c", "name constraints hold for all below the CA", "for (size_t i = 0; i < ca; i++) {\n\t\t\tstruct general_name",
     "for (size_t i = ca - 1; i < ca; i++) {\n\t\t\tstruct general_name"),
    ("whole_path.c", "name constraints of the anchor count", "for (size_t ca = s->len - 1; ca > 0; ca--)", "for (size_t ca = s->len - 2; ca > 0; ca--)"),
    ("whole_path.c", "name constraints of intermediates count", "for (size_t ca = s->len - 1; ca > 0; ca--)",
     "for (size_t ca = s->len - 1; ca > s->len - 2; ca--)"),
    ("whole_path.c", "self-issued CAs are spared", "if (i > 0 && cert_is_self_issued(s->path[i]))", "if (0)"),
    ("whole_path.c", "a self-issued end entity is not spared", "if (i > 0 && cert_is_self_issued(s->path[i]))",
     "if (cert_is_self_issued(s->path[i]))"),
    ("whole_path.c", "the subject is a name too", "result = subject_judge(s, ca, cert, out);", "result = NC_ALLOWED;"),
    ("whole_path.c", "addresses in the subject are e-mail names", "if (attribute.oid != OID_AT_EMAIL)", "if (1)"),
    ("whole_path.c", "alternative names are judged", "while (result == NC_ALLOWED && rd_more(&r)) {", "while (0) {"),
    ("whole_path.c", "running out of steps is no permission", "if (result == NC_BUDGET) {", "if (result == NC_BUDGET)\n\t\t\t\tcontinue;\n\t\t\tif (0) {"),
    ("whole_path.c", "long names cost more steps", "s->steps_left -= cost;", ""),
    ("whole_path.c", "running out of signatures ends the search", "s->out_of_budget = true;\n\t\treturn BJ_ERR_CERT_BUDGET;", "return BJ_ERR_CERT_BUDGET;"),
    ("whole_path.c", "a refused algorithm is refused", "return alg != SIG_NONE && sig_fits_key(", "return alg == SIG_NONE || sig_fits_key("),
    ("whole_path.c", "a key bound to one algorithm makes no other", "(issuer->key_only == SIG_NONE || issuer->key_only == alg)", "true"),
    ("path.c", "key identifiers are compared", "return cert->aki.len > 0 && issuer->ski.len > 0 && !bytes_equal(cert->aki, issuer->ski);",
     "return false;"),
    ("path.c", "no name and key twice", "if (s->path[i]->subject_hash == cert->subject_hash &&", "if (0 &&"),
    ("path.c", "the depth is limited", "return s->len - 1 == PATH_DEPTH_MAX ||", "return"),
    ("path.c", "the depth asked for is a limit", "|| (s->in->has_depth_max && count > s->in->depth_max)", ""),
    ("path.c", "self-issued CAs do not count", "count += !cert_is_self_issued(s->path[i]);", "count++;"),
    ("path.c", "a name that is none fails", "if (s.rules.has_host && !host_id_parse(in->name, &s.rules.host)) {", "if (0) {"),
    ("whole_path.c", "policies are asked", "policies_hold(s) && ", ""),
    ("whole_path.c", "pins are asked", " && pins_hold(s);", ";"),
    ("rules.c", "only old roots are excused from their form", "((rules[i].roles & YOUNG) && old)", "(rules[i].roles & YOUNG)"),
    ("rules.c", "the profile of the web is the stricter one", "((row->roles & WEB) && profile != PROFILE_WEBPKI)", "(row->roles & WEB)"),
    ("rules.c", "the profile of the RFC has rules of its own", "((row->roles & IETF) && profile != PROFILE_RFC5280)", "(row->roles & IETF)"),
    ("rules.c", "a common name is one of the names of its domain", "|| (!dns_pattern_is_wildcard(name.value) && are_siblings(name.value, cn))", ""),
    ("rules.c", "common names are few", "++count <= COMMON_NAMES_MAX && ", ""),
    ("rules.c", "each common name is looked at", "if (cn.oid != OID_AT_CN || !looks_like_host", "if (cn.oid != OID_AT_CN || walk.ptr != walk.end || !looks_like_host"),
    ("policy.c", "a policy must be one that the CA above says", "else if (j->expected->any)", "else"),
    ("policy.c", "anyPolicy may be inhibited", "if (!has_any || !any_allowed)", "if (!has_any)"),
    ("policy.c", "anyPolicy of a self-issued CA may not", "j->no_any_after > 0 || self_issued_ca", "j->no_any_after > 0"),
    ("policy.c", "a self-issued end entity is no CA", "i > 0 && cert_is_self_issued(path[i])", "cert_is_self_issued(path[i])"),
    ("policy.c", "mappings may be inhibited", "if (j->no_mapping_after == 0) {", "if (0) {"),
    ("policy.c", "an inhibited mapping takes its policy away", "row_drop(j->now, held);", ";"),
    ("policy.c", "a mapped policy is expected no more", "held->mapped = true;", ""),
    ("policy.c", "a mapping from anyPolicy", "if (!held && j->now->any)", "if (0)"),
    ("policy.c", "self-issued CAs do not count down", "if (!cert_is_self_issued(cert)) {", "if (1) {"),
    ("policy.c", "counters count down", "*counter -= *counter > 0;", ""),
    ("policy.c", "constraints only lower", "if (to < *counter)", "if (1)"),
    ("policy.c", "an anchor's constraints count", "constraints_apply(&j, path[len - 1]);", ""),
    ("policy.c", "the end entity's own constraint counts", "if (path[0]->has_require_explicit && path[0]->require_explicit == 0)", "if (0)"),
    ("policy.c", "no policy is left on the way", "if (is_empty(j->now) && j->explicit_after == 0)", "if (0)"),
    ("policy.c", "what is left descends from an initial policy", "wanted = wanted || row->held[i].initial != 0;", "wanted = true;"),
    ("policy.c", "what anyPolicy brings in is an initial policy", "return j->in->initial_count == 0 ? 1 : 0;", "return 1;"),
    ("policy.c", "a row is bounded", "return j->out_of_steps || j->now->full || j->expected->full ?", "return j->out_of_steps ?"),
    ("policy.c", "steps are bounded", "return j->out_of_steps || j->now", "return j->now"),
    ("extension.c", "no mapping from or to anyPolicy", "if (oid_find(der_oid(&pair)) == OID_ANY_POLICY)", "if (oid_find(der_oid(&pair)) == OID_COUNT)"),
    ("whole_path.c", "revocation is asked", "&& revocation_holds(s) &&", "&&"),
    ("path.c", "a path to who signs a list ends at the same anchor", "if (s->anchor && s->path[s->len - 1] != s->anchor)", "if (0)"),
    ("whole_path.c", "who signs a list has a path", "&& signer_is_trusted(s, &s->in->extra[i])", ""),
    ("whole_path.c", "who signs a list is judged", "|| rules_judge(&s->rules, signer, ROLE_SIGNER, 0, &finding)", ""),
    ("whole_path.c", "a list's signature is verified", "!search_signature(s, &what, cert);", "true;"),
    ("whole_path.c", "a key that signs lists may", "!(cert->has_key_usage && !(cert->key_usage & KU_CRL_SIGN)) &&", ""),
    ("whole_path.c", "a certificate's own list does not clear it", "by_itself ? 0 : s->asked + 1", "0"),
    ("whole_path.c", "CAs are looked up too", "for (size_t i = s->len - 1; i-- > 0;) {", "for (size_t i = 1; i-- > 0;) {"),
    ("whole_path.c", "what is not known is refused where it is required", "s->in->revocation == BJ_REVOCATION_IF_PRESENT &&", ""),
    ("whole_path.c", "an unknown critical extension is no list at all", "&& known->status == REVOCATION_UNKNOWN;", ";"),
    ("verify.c", "a staple reaches the path", ".staple = sent->staple,", ""),
    ("verify.c", "that a staple was asked for reaches the path", ", .staple_asked = sent->staple_asked", ""),
    ("verify.c", "an owner's staple is judged", ", .staple = staple", ""),
    ("verify.c", "an owner who says what was stapled had asked for it", ", .staple_asked = true", ""),
    ("verify.c", "the lists of the anchors are used", "in.crls = trust_crls(sent->trust, &in.revocation);", ";"),
    ("revocation.c", "a list has begun", "crl->this_update <= asks->now && ", ""),
    ("revocation.c", "a list has not ended", "&& asks->now <= crl->next_update", ""),
    ("revocation.c", "a list of others must be indirect", "if (delegated && !crl->is_indirect)", "if (0)"),
    ("revocation.c", "names of points must meet", "if (crl->name.is_there && point->name.is_there &&", "if (0 &&"),
    ("revocation.c", "a list for users is not for CAs", "!(crl->only_users && j->cert->is_ca) &&", ""),
    ("revocation.c", "a list for CAs is not for users", "&& !(crl->only_cas && !j->cert->is_ca)", ""),
    ("revocation.c", "a list for attributes is for nobody", "&& !crl->only_attributes", ""),
    ("revocation.c", "a delta has the same scope", "&& bytes_equal(delta->idp, crl->idp)", ""),
    ("revocation.c", "a delta has the same key", "bytes_equal(delta->aki, crl->aki) &&", ""),
    ("revocation.c", "a delta's base is not younger", "number_compare(delta->base_number, crl->number) <= 0 &&", ""),
    ("revocation.c", "a delta is younger", "number_compare(delta->number, crl->number) > 0 &&", ""),
    ("revocation.c", "a delta is in force", "&& is_fresh(j, delta)", ""),
    ("crl.c", "a list without an end is of no use", "crl->next_update = INT64_MIN;", "crl->next_update = INT64_MAX;"),
    ("revocation.c", "a delta is signed", "&& j->asks->is_signed(j->asks->self, d))", ")"),
    ("revocation.c", "a delta with an unknown critical extension is of no use", "if (d->crl.has_unknown_critical)", "if (0)"),
    ("revocation.c", "a delta is no list", "if (crl->is_delta || ", "if ("),
    ("revocation.c", "a list is in force", "if (!is_fresh(j, crl)) {", "if (0) {"),
    ("revocation.c", "an unknown critical extension", "if (crl->has_unknown_critical) {", "if (0) {"),
    ("revocation.c", "a list is signed", "if (!j->asks->is_signed(j->asks->self, held)) {", "if (0) {"),
    ("revocation.c", "a list without a number clears nobody", "j->asks->numbered && (!crl->has_number", "(0 && !crl->has_number"),
    ("revocation.c", "a list with a critical number clears nobody", "|| crl->number_critical", ""),
    ("revocation.c", "an older list gives way to a younger one", "if (is_superseded(j, crl))", "if (0)"),
    ("revocation.c", "a younger list is of the same scope", "&& bytes_equal(o->idp, crl->idp)", ""),
    ("revocation.c", "a younger list is of the same key", "&& bytes_equal(o->aki, crl->aki)", ""),
    ("revocation.c", "a younger list is in force", "&& is_fresh(j, o)", ""),
    ("revocation.c", "a younger list is understood", "!o->has_unknown_critical && ", ""),
    ("revocation.c", "a younger list is signed", "&&\n\t\t    j->asks->is_signed(j->asks->self, other))", ")"),
    ("revocation.c", "a delta takes no list's place", "if (!o->is_delta && ", "if ("),
    ("revocation.c", "a list that clears nobody takes no list's place", "!clears_nobody(j, o) && ", ""),
    ("revocation.c", "a list without a number is neither younger nor older", "if (a->has_number != b->has_number)", "if (0)"),
    ("revocation.c", "what other lists cleared may still be revoked", "|| !reasons)", "|| !(reasons & ~j->covered))"),
    ("whole_path.c", "lists of the web have numbers", "s->in->profile == PROFILE_WEBPKI, list_is_signed", "false, list_is_signed"),
    ("crl.c", "of two entries the worse counts", "if (out->reason != REASON_REMOVE)", "if (1)"),
    ("revocation.c", "reasons are those of list and point", "crl->reasons & point->reasons", "REASONS_ALL"),
    ("revocation.c", "all reasons must be covered", "if (j.covered == REASONS_ALL) {\n\t\tanswer", "if (j.covered) {\n\t\tanswer"),
    ("crl.c", "an entry is of the issuer", "&& is_of_issuer(crl, index, slot - 1, issuer)", ""),
    ("crl.c", "an entry's issuer holds for what follows", "if (index->turns[mid].at <= at)", "if (index->turns[mid].at == at)"),
    ("crl.c", "issuers in a list that is not indirect", "if (crl.issuer_count > 0 && !crl.is_indirect)", "if (0)"),
    ("crl.c", "unknown critical extensions of entries", "|| entry.has_unknown_critical;", ";"),
    ("crl.c", "inner and outer algorithm are the same", "if (!bytes_equal(inner_algorithm, outer_algorithm))", "if (0)"),
    ("crl.c", "a delta has a number", "|| (crl.is_delta && !crl.has_number)", ""),
    ("whole_path.c", "a list that says revoked is not overruled", "|| known.status == REVOCATION_REVOKED)\n\t\treturn known;", ")\n\t\treturn known;"),
    ("whole_path.c", "must-staple", "else if (in->staple_asked && in->leaf->must_staple)", "else if (0)"),
    ("whole_path.c", "a response that says nothing does not keep must-staple", "} else if (in->leaf->must_staple) {", "} else if (0) {"),
    ("whole_path.c", "a stapled response is judged", "if (in->staple.len > 0)", "if (0)"),
    ("whole_path.c", "staples are counted", "if (s->staples_left == 0) {", "if (0) {"),
    ("whole_path.c", "a response that is not believed is refused", "} else if (err) {", "} else if (0) {"),
    ("ocsp.c", "the response is successful", "|| status.len != 1 || status.ptr[0] != 0)", ")"),
    ("ocsp.c", "an unknown critical extension", "} else if (critical) {", "} else if (0) {"),
    ("ocsp.c", "the responder is whom the response names", "return name_equal(response->by_name, cert->subject);", "return true;"),
    ("ocsp.c", "the responder has the key that the response names", "return hash_fits(HASH_SHA1, algorithm_spki_bits(cert->spki), response->by_key);",
     "return true;"),
    ("ocsp.c", "the signature is verified", "if (pubkey_verify(&signer->key, alg, tbs, signature))", "if (0)"),
    ("ocsp.c", "a delegate may answer", "cert->has_eku && (cert->eku & EKU_OCSP) &&", ""),
    ("ocsp.c", "a delegate may sign", "!(cert->has_key_usage && !(cert->key_usage & KU_DIGITAL_SIGNATURE)) &&", ""),
    ("ocsp.c", "a delegate is in its time", "(!asks->check_time || (cert->not_before <= asks->now && asks->now <= cert->not_after)) &&", ""),
    ("ocsp.c", "a delegate is the issuer's, by name", "name_equal(cert->issuer, issuer->subject) &&", ""),
    ("ocsp.c", "a delegate is the issuer's, by signature", "signature_fits(asks, cert->tbs, cert->sig_alg, cert->signature, issuer);", "true;"),
    ("ocsp.c", "the answer has the serial number", "bytes_equal(single->serial, asks->cert->serial) &&", ""),
    ("ocsp.c", "the answer has the issuer's name", "hash_fits(alg, asks->cert->issuer, single->name_hash) &&", ""),
    ("ocsp.c", "the answer has the issuer's key", "&&\n\t       hash_fits(alg, algorithm_spki_bits(asks->issuer->spki), single->key_hash);", ";"),
    ("ocsp.c", "the answer has begun", "if (single->this_update > asks->now)", "if (0)"),
    ("ocsp.c", "the answer has not ended", ": asks->now <= single->next_update;", ": true;"),
    ("ocsp.c", "an answer without end grows old", "asks->now - single->this_update <= OCSP_AGE_MAX", "true"),
    ("ocsp.c", "an unknown certificate is not good", "} else if (single->status_tag == 2) {", "} else if (0) {"),
    ("ocsp.c", "a nonce is compared", "&& !bytes_equal(asks->nonce, response.nonce)) {", "&& 0) {"),
    ("ocsp.c", "who signed is asked", "if (!is_signed(asks, &response)) {", "if (0) {"),
    ("ocsp.c", "the worst answer counts", "&& out->status != OCSP_REVOKED)", "&& out->status != OCSP_GOOD)"),
    ("whole_path.c", "only right signatures are remembered", "if (!err)\n\t\tsignature_memory_add(memory, &print);", "signature_memory_add(memory, &print);"),
    ("signature_memory.c", "all of a hash is compared", "return differ == 0;", "return true;"),
    ("signature_memory.c", "every word of a hash is compared", "differ |= atomic_load", "differ = atomic_load"),
    ("signature_memory.c", "the message is part of the sentence", "hash_update(&hash, message_hash, 32);", ""),
    ("signature_memory.c", "the algorithm is part of the sentence", "hash_update(&hash, &alg_octet, 1);", ""),
    ("signature_memory.c", "the signature is part of the sentence", "feed(&hash, signature);", ""),
    ("signature_memory.c", "the key is part of the sentence", "feed(&hash, spki);", ""),
    ("signature_memory.c", "lengths are part of the sentence", "hash_update(hash, len, sizeof(len));", ""),
    ("signature_memory.c", "each memory has a key of its own", "hash_update(&hash, memory->key, KEY_LEN);", ""),
    ("extension.c", "must-staple is noted", "cert->must_staple = true;", ""),
    ("rules.c", "who signs lists is named for it", "return !(j->cert->has_key_usage && (j->cert->key_usage & KU_CRL_SIGN));", "return false;"),
    ("rules.c", "no name is asked means none is compared, else it is", "if (!j->rules->has_host || hostname_matches", "if (hostname_matches"),
    ("verify.c", "an empty name does not turn the check off", "if (name && name[0] == 0) {", "if (0) {"),
    ("verify.c", "a server is judged as a server", "sent->purpose = PATH_SERVER;", "sent->purpose = PATH_ANY;"),
    ("verify.c", "a client is judged as a client", ".purpose = PATH_CLIENT", ".purpose = PATH_ANY"),
    ("verify.c", "the number of certificates is limited", "if (sent->rest_count > ARRAY_COUNT(extra)) {", "if (sent->rest_count > ARRAY_COUNT(extra) + 1) {"),
    ("verify.c", "an end entity that cannot be read fails", "err = cert_parse(chain[0], &leaf);\n\tif (err) {", "err = cert_parse(chain[0], &leaf);\n\tif (0) {"),
    ("hostname.c", "addresses match addresses only", "if (name.kind == GN_IP && bytes_equal", "if (bytes_equal"),
    ("hostname.c", "DNS names match DNS names only", "} else if (name.kind == GN_DNS && dns_pattern", "} else if (dns_pattern"),
    ("hostname.c", "presented names are valid", "dns_pattern_is_valid(name.value) && ", ""),
    ("hostname.c", "reference names are valid", "if (!dns_name_is_valid(text))", "if (0)"),
    ("dns_name.c", "a wildcard has two labels behind it", "&& dns_name_parent(base).len > 0", ""),
    ("dns_name.c", "a wildcard covers one label", "dns_name_equal(dns_name_parent(pattern), dns_name_parent(name))",
     "dns_name_is_within(name, dns_name_parent(pattern))"),
    ("dns_name.c", "a subdomain begins at a dot", "if (above > 0 && name.ptr[above - 1] != '.')", "if (0)"),
    ("name_constraints.c", "excluded wins", "if (excluded.inside || excluded.maybe)\n\t\treturn NC_EXCLUDED;", ""),
    ("name_constraints.c", "a wildcard that may be excluded is", "if (excluded.inside || excluded.maybe)", "if (excluded.inside)"),
    ("name_constraints.c", "a name that cannot be compared may be excluded", "? INSIDE : name_may_start_with(name->value, base->value) ? MAYBE : OUTSIDE", "? INSIDE : OUTSIDE"),
    ("name_constraints.c", "long names cost more steps", "+ (name->value.len + base.value.len) / OCTETS_A_STEP", ""),
    ("name_constraints.c", "whatever is long costs more steps", "|| name->value.len + base.value.len > SHORT_NAMES_MAX)", ")"),
    ("name_constraints.c", "an international mailbox is an e-mail address", "(base.kind == GN_EMAIL && is_international_mailbox(name))", "false"),
    ("name_constraints.c", "what is not permitted is forbidden", "if (permitted.any && !permitted.inside)", "if (0)"),
    ("name_constraints.c", "what cannot be judged is forbidden", "if (permitted.unknown || excluded.unknown)", "if (0)"),
    ("name_constraints.c", "a mask is a prefix", "if (set && ended)", "if (0)"),
    ("cert.c", "inner and outer algorithm are the same", "if (!bytes_equal(inner_algorithm, outer_algorithm))", "if (0)"),
    ("cert.c", "nothing stands behind a certificate", "if (der.len > CERT_DER_MAX || !rd_end(&outer) ||", "if (der.len > CERT_DER_MAX || outer.bad ||"),
    ("cert.c", "serial numbers are positive and short", "return cert->serial.len <= SERIAL_MAX && cert->serial.ptr[0] < 0x80 ?", "return true ?"),
    ("extension.c", "no extension twice", "if (bytes_equal(seen[i], oid))", "if (0)"),
    ("extension.c", "an unknown critical extension is noted", "cert->has_unknown_critical = true;", ""),
    ("algorithm.c", "an elliptic key names its curve", "default:\n\t\treturn BJ_ERR_CERT_KEY;\n\t}\n\tif (bits.len",
     "default:\n\t\tout->kind = KEY_P256;\n\t\tout->bits = 256;\n\t}\n\tif (bits.len"),
    ("algorithm.c", "a point is uncompressed and whole", "if (bits.len != 1 + 2 * (((size_t)out->bits + 7) / 8) || bits.ptr[0] != 0x04)", "if (0)"),
    ("trust.c", "an anchor is the whole certificate", "while (a && !bytes_equal(a->cert.der, cert->der))", "while (0)"),
    ("credential.c", "the key is that of the certificate", "if (!algorithm_same_key(&ours, delegated ? &delegated->key : &credential->leaf.key))", "if (0)"),
    ("credential.c", "the chain is in order", "if (!credential_issued_by(&cert, &issuer))", "if (0)"),
]

ROW = re.compile(r'^\t\{ ((?:YOUNG \| )?(?:WEB \| )?(?:IETF \| )?(?:LEAF|CA|ANCHOR|PINNED|ALL)(?: \| (?:LEAF|CA|ANCHOR|PINNED))*), (BJ_ERR_\w+), "([^"]+)", (\w+) \},.*\n', re.M)


def mutants():
    """file, what is left out, whole text of the mutated file"""
    for name, what, old, new in BY_HAND:
        text = (SOURCE / name).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"{name}: this text stands {text.count(old)} times, not once: {old!r}")
        yield name, what, text.replace(old, new)
    text = (SOURCE / "rules.c").read_text()
    for row in ROW.finditer(text):
        roles = row.group(1).replace("ALL", "LEAF | CA | ANCHOR | PINNED").split(" | ")
        flags = [r for r in roles if r in ("WEB", "IETF", "YOUNG")]
        roles = [r for r in roles if r not in flags]
        for role in roles:
            left = " | ".join(flags + [r for r in roles if r != role]) if len(roles) > 1 else ""
            new = row.group(0).replace(row.group(1), left, 1) if left else ""
            yield "rules.c", f"rule {row.group(4)} ({row.group(3)}) for {role}", text[:row.start()] + new + text[row.end():]


def tests_of(build):
    order = ["path", "policy", "crl", "ocsp", "memory", "hostname", "cert", "trust", "name", "der", "issue"]
    return [build / "src" / "x509" / f"x509-{name}_test" for name in order]


def link(build, folder, name, text, test):
    """The test program with the mutant in it, or None if it does not compile."""
    source, program = folder / name, folder / test.name
    source.write_text(text)
    libraries = [build / "src" / part / f"libbj_{part}.a" for part in ("x509", "crypto", "base")]
    objects = build / "src" / "x509" / f"{test.name}.p"
    command = ["cc", "-std=gnu17", "-w", "-D_GNU_SOURCE", f"-I{ROOT}/include", f"-I{ROOT}/src", f"-I{SOURCE}", str(source),
               *map(str, objects.glob("*.o")), "-Wl,--start-group", *map(str, libraries), "-Wl,--end-group",
               str(build / "tests" / "support" / "libbj_test_support.a"), "-lcmocka", "-lcrypto", "-lIPSec_MB", "-o", str(program)]
    if not Path("/usr/include/intel-ipsec-mb.h").exists():
        command.remove("-lIPSec_MB")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    return program


def killer(build, name, text):
    """The unit test, program and function, that notices; None if the mutant lives."""
    with tempfile.TemporaryDirectory() as folder:
        for test in tests_of(build):
            program = link(build, Path(folder), name, text, test)
            env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP")
            try:
                done = subprocess.run([program], capture_output=True, text=True, errors="replace", timeout=TIMEOUT_SECONDS, env=env,
                                      check=False)
            except subprocess.TimeoutExpired:
                return f"{test.name[5:]} (does not end)"
            if done.returncode == 0:
                continue
            failed = re.findall(r"^not ok \d+ - (\w+)", done.stdout, re.M)
            return f"{test.name[5:]}: {failed[0].replace('_', ' ') if failed else 'ends with a signal'}"
    return None


def main():
    build = Path(os.environ.get("BOJAGI_BUILD", ROOT / "build"))
    alive = 0
    print("# The steps of verifying a chain, and what notices when one is left out\n")
    print("Made by `tests/mutants/x509_steps.py`, which takes each step out of the code, builds, and runs the unit tests.\n")
    print("| file | step | noticed by |\n| --- | --- | --- |")
    for name, what, text in mutants():
        found = killer(build, name, text)
        alive += found is None
        print(f"| {name} | {what} | {found or 'NOBODY'} |", flush=True)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())

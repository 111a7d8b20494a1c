"""Complaints that fall under a pledge are found by a consumer of the change feed, set-wise, whether they were registered
here or imported. It decides nothing: it lays out what speaks for a breach, and people decide.

A complaint about a merchant becomes a suspected breach of a pledge of that very merchant (never of one of a like name)
that bound on the day of the dispute, which is the nearest to that of the purchase that sources tell of, or of the receipt
where that is unknown, and under whose type it falls: by its problem (the one of a rule, those below it, and national ones
that name one of these as their nature) and by what is asked for. Where a source has put no demand apart, its narrative is
read in its place. Reports and inquiries never are.

The premises are those in the district of the case where the merchant has any there, else those in districts that this
one came from or went into, else all of the merchant's; a division code is one district, whatever day's map it is of. Of
several pledges of a type it is one: of the premises on the platform of the case, then the one at which the complaint
stands already, then the oldest. Once a breach of the type is established for a complaint, no other of the type is found.

The evidence, in codes: `day` and `by` ("dispute" or "receipt"), `type`, `term` (first and last day), `promise` (its
figures, and in `states` which texts it has), `problem`, `rules` under which the complaint falls, each with its problem
and the words that were found in `text` ("demand" or "narrative"), and `premises`: whether they were found by "region" or
all of the "merchant" count, whether by the `platform`, and `among` how many alike.
"""

import datetime as dt

from django.db import connection
from django.utils import timezone

from cases.domain import cases_concerned

BREACHES = "breaches"  # the name of the consumer
STAGE = """
CREATE TEMPORARY TABLE IF NOT EXISTS breaches_known (
  id bigint NOT NULL, case_id bigint NOT NULL, pledge_id bigint NOT NULL, type_id bigint NOT NULL
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS breaches_found (
  case_id bigint NOT NULL, pledge_id bigint NOT NULL, type_id bigint NOT NULL, day date, evidence jsonb
) ON COMMIT DELETE ROWS;
TRUNCATE breaches_known, breaches_found;
-- what is expected of the steps on the way is far above what they have: compiling them takes longer than they do
SET LOCAL jit = off"""
# each case is looked up in the index: a plan that reads all breaches grows slower with every year
KNOWN = """
INSERT INTO breaches_known (id, case_id, pledge_id, type_id)
SELECT b.id, b.case_id, b.pledge_id, p.type_id
  FROM unnest(%(cases)s::bigint[]) AS k (id)
 CROSS JOIN LATERAL (SELECT id, case_id, pledge_id FROM pledges_breach WHERE case_id = k.id OFFSET 0) b
  JOIN pledges_pledge p ON p.id = b.pledge_id;
ANALYZE breaches_known"""
FIND = r"""
WITH RECURSIVE under (coverage_id, problem_id) AS (
  SELECT id, problem_id FROM pledges_coverage WHERE problem_id IS NOT NULL
  UNION
  SELECT u.coverage_id, q.id
    FROM under u JOIN registry_problem q ON q.parent_id = u.problem_id OR q.council_id = u.problem_id
), looked AS MATERIALIZED (
  SELECT c.id, c.merchant_id, c.region_id, ARRAY[c.merchant_id, c.region_id] AS place, c.platform_id, c.problem_id,
         coalesce(c.occurred_on, c.received_on) AS day,
         CASE WHEN c.occurred_on IS NULL THEN 'receipt' ELSE 'dispute' END AS day_of,
         CASE WHEN c.demand ~ '\S' THEN 'demand' ELSE 'narrative' END AS said,
         CASE WHEN c.demand ~ '\S' THEN c.demand ELSE c.narrative END AS text
    FROM unnest(%(cases)s::bigint[]) AS k (id)
   CROSS JOIN LATERAL (SELECT * FROM cases_case WHERE id = k.id AND kind = 'complaint' OFFSET 0) c
   WHERE EXISTS (SELECT FROM pledges_premises s WHERE s.merchant_id = c.merchant_id)
), succeeded (earlier, later) AS (
  SELECT predecessor_id, successor_id FROM registry_regionsuccession
  UNION
  SELECT s.earlier, r.successor_id FROM succeeded s JOIN registry_regionsuccession r ON r.predecessor_id = s.later
), near AS MATERIALIZED (  -- the district of each region that a case has, and those that came before and after it
  SELECT c.region_id, n.rank, array_agg(n.id) AS districts
    FROM (SELECT DISTINCT region_id FROM looked) c
    JOIN registry_region r ON r.id = c.region_id
    JOIN registry_region d ON d.level = 'district' AND d.id IN (r.id, r.parent_id)
   CROSS JOIN LATERAL (
     SELECT o.id, CASE WHEN o.code = d.code THEN 0 ELSE 1 END AS rank
       FROM registry_region o
      WHERE o.level = 'district' AND (o.code = d.code OR EXISTS (
              SELECT FROM succeeded s WHERE (s.earlier, s.later) IN ((o.id, d.id), (d.id, o.id))))) n
   GROUP BY c.region_id, n.rank
), places AS MATERIALIZED (  -- many complaints are about the same few merchants: what bound these is asked once
  SELECT m.place, m.merchant_id,
         (SELECT n.districts FROM near n
           WHERE n.region_id = m.region_id AND EXISTS (
                   SELECT FROM pledges_premises s WHERE s.merchant_id = m.merchant_id AND s.region_id = ANY(n.districts))
           ORDER BY n.rank LIMIT 1) AS districts
    FROM (SELECT DISTINCT place, merchant_id, region_id FROM looked) m
), binding AS MATERIALIZED (
  SELECT m.place, m.districts IS NOT NULL AS here, s.platform_id, p.id, p.type_id, p.published_on,
         least(p.valid_to, p.ended_on - 1) AS last_on
    FROM places m
   CROSS JOIN LATERAL (
     (SELECT id, platform_id FROM pledges_premises
       WHERE merchant_id = m.merchant_id AND region_id = ANY(m.districts) OFFSET 0)
     UNION ALL
     (SELECT id, platform_id FROM pledges_premises WHERE merchant_id = m.merchant_id AND m.districts IS NULL OFFSET 0)) s
   CROSS JOIN LATERAL (SELECT * FROM pledges_pledge WHERE premises_id = s.id AND published_on IS NOT NULL OFFSET 0) p
), suspended AS MATERIALIZED (
  SELECT pledge_id, since, until FROM pledges_suspension WHERE pledge_id IN (SELECT id FROM binding)
), bound AS (
  SELECT l.id AS case_id, p.id AS pledge_id, p.type_id, p.published_on, p.here, b.id IS NOT NULL AS stands,
         coalesce(p.platform_id = l.platform_id, false) AS same_platform
    FROM looked l
    JOIN binding p USING (place)
    LEFT JOIN breaches_known b ON b.case_id = l.id AND b.pledge_id = p.id
   WHERE l.day BETWEEN p.published_on AND p.last_on
     AND NOT EXISTS (SELECT FROM suspended u
                      WHERE u.pledge_id = p.id AND u.since <= l.day AND (u.until IS NULL OR u.until > l.day))
), best AS MATERIALIZED (
  SELECT DISTINCT ON (case_id, type_id) case_id, pledge_id, type_id, here, same_platform,
         count(*) OVER (PARTITION BY case_id, type_id, same_platform) AS among
    FROM bound
   ORDER BY case_id, type_id, same_platform DESC, stands DESC, published_on, pledge_id
), covered AS MATERIALIZED (
  SELECT b.*,
         jsonb_agg(jsonb_build_object('problem', q.scheme || ':' || q.code, 'words', to_jsonb(w.found)) ORDER BY v.id)
           AS rules,
         bool_or(w.found <> '{}') AS by_words
    FROM best b
    JOIN looked l ON l.id = b.case_id
    JOIN pledges_coverage v ON v.type_id = b.type_id
    LEFT JOIN registry_problem q ON q.id = v.problem_id
    CROSS JOIN LATERAL (SELECT ARRAY(SELECT t.word FROM unnest(v.words) WITH ORDINALITY AS t (word, n)
                                      WHERE strpos(l.text, t.word) > 0 ORDER BY t.n)::text[] AS found) w
   WHERE (v.problem_id IS NULL OR (v.id, l.problem_id) IN (SELECT u.coverage_id, u.problem_id FROM under u))
     AND (v.words = '{}' OR w.found <> '{}')
   GROUP BY b.case_id, b.pledge_id, b.type_id, b.here, b.same_platform, b.among
)
INSERT INTO breaches_found (case_id, pledge_id, type_id, day, evidence)
SELECT b.case_id, b.pledge_id, b.type_id, l.day, jsonb_build_object(
         'day', l.day, 'by', l.day_of, 'type', t.code,
         'term', jsonb_build_array(p.published_on, p.valid_to),
         'promise', jsonb_strip_nulls(jsonb_build_object(
           'days', p.days, 'refund_days', p.refund_days, 'freight', nullif(p.freight, ''), 'fund', p.fund::text,
           'states', to_jsonb(array_remove(ARRAY[
             CASE WHEN p.goods <> '' THEN 'goods' END, CASE WHEN p.excluded <> '' THEN 'excluded' END,
             CASE WHEN p.condition <> '' THEN 'condition' END, CASE WHEN p.proof <> '' THEN 'proof' END,
             CASE WHEN p.cross_store <> '' THEN 'cross_store' END, CASE WHEN p.statement <> '' THEN 'statement' END
           ], NULL)))),
         'problem', q.scheme || ':' || q.code, 'rules', b.rules, 'text', CASE WHEN b.by_words THEN l.said END,
         'premises', jsonb_build_object(
           'by', CASE WHEN b.here THEN 'region' ELSE 'merchant' END, 'platform', b.same_platform, 'among', b.among))
  FROM covered b
  JOIN looked l ON l.id = b.case_id
  JOIN pledges_pledge p ON p.id = b.pledge_id
  JOIN pledges_pledgetype t ON t.id = b.type_id
  LEFT JOIN registry_problem q ON q.id = l.problem_id;
ANALYZE breaches_found (case_id, pledge_id, type_id)"""
# whoever acts on a breach has its pledge locked first
LOCK = """
SELECT count(*) FROM (
  SELECT FROM pledges_pledge
   WHERE id IN (SELECT pledge_id FROM breaches_found UNION SELECT pledge_id FROM breaches_known)
   ORDER BY id FOR KEY SHARE) AS locked"""
NOTE = """
INSERT INTO pledges_breachevent (breach_id, verb, before, after, at, note, data)
SELECT id, '{verb}', '{before}', 'suspected', %(now)s, '', {data} FROM written ORDER BY id"""
LOSE = """
WITH written AS (
  UPDATE pledges_breach b SET matches = false FROM breaches_known k
   WHERE b.id = k.id AND b.state = 'suspected' AND b.matches
     AND (k.case_id, k.pledge_id) NOT IN (SELECT f.case_id, f.pledge_id FROM breaches_found f)
  RETURNING b.id)
""" + NOTE.format(verb="lose", before="suspected", data="'{}'::jsonb")  # noqa: S608 - our own words
RENEW = """
WITH written AS (
  UPDATE pledges_breach b SET matches = true, counts_on = f.day, evidence = f.evidence
    FROM breaches_found f JOIN breaches_known k USING (case_id, pledge_id) JOIN pledges_breach o ON o.id = k.id
   WHERE b.id = k.id AND b.state = 'suspected' AND (NOT b.matches OR b.evidence <> f.evidence)
  RETURNING b.id, jsonb_build_object('before', o.evidence) AS data)
""" + NOTE.format(verb="renew", before="suspected", data="data")  # noqa: S608 - our own words
ADD = """
WITH written AS (
  INSERT INTO pledges_breach (case_id, pledge_id, state, counts_on, evidence, matches, found_at)
  SELECT f.case_id, f.pledge_id, 'suspected', f.day, f.evidence, true, %(now)s FROM breaches_found f
   WHERE (f.case_id, f.pledge_id) NOT IN (SELECT case_id, pledge_id FROM breaches_known)
     AND (f.case_id, f.type_id) NOT IN (SELECT k.case_id, k.type_id FROM breaches_known k JOIN pledges_breach o USING (id)
                                         WHERE o.state NOT IN ('suspected', 'dismissed'))
   ORDER BY f.case_id, f.pledge_id
  RETURNING id)
""" + NOTE.format(verb="find", before="", data="'{}'::jsonb")  # noqa: S608 - our own words
# complaints of their terms, and those that stand against them
CONCERNED = """
SELECT c.id
  FROM pledges_pledge p
  JOIN pledges_premises s ON s.id = p.premises_id
  JOIN cases_case c ON c.merchant_id = s.merchant_id
 WHERE p.id = ANY(%(pledges)s) AND c.kind = 'complaint'
   AND coalesce(c.occurred_on, c.received_on) BETWEEN p.published_on AND p.valid_to
UNION SELECT case_id FROM pledges_breach WHERE pledge_id = ANY(%(pledges)s) AND state = 'suspected'"""


def find_breaches(case_ids: list[int], *, now: dt.datetime | None = None) -> None:
    """Bring the suspected breaches of these cases up to date: new ones are added, those that nobody has decided have
    their evidence renewed, or no longer match. What somebody has decided is left as it is, and nothing is deleted."""
    # one text, which the server reads faster than as many numbers in a statement
    given = {"cases": f"{{{','.join(map(str, sorted(set(case_ids))))}}}", "now": now or timezone.now()}
    with connection.cursor() as cursor:
        for statement in (STAGE, KNOWN, FIND, LOCK, LOSE, RENEW, ADD):
            cursor.execute(statement, given)


def look_again(pledge_ids: list[int]) -> int:
    """When these pledges bind has changed, or they are new here: the complaints of their terms stand in the change feed
    again. In the transaction of the change; returns how many."""
    return cases_concerned(CONCERNED, {"pledges": pledge_ids}) if pledge_ids else 0

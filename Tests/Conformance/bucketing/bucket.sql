-- assay.bucket/1 in SQL: sha256(text) gives the hexadecimal digest of the text's UTF-8 bytes.
--
-- The first 8 bytes of the digest are a 64-bit number h, and the bucket is floor(h × 1,000,000 / 2^64).
-- To stay within 63 bits everywhere, h is taken as two halves of 32 bits:
-- h × 10^6 = high × 2^32 × 10^6 + low × 10^6, so the bucket is (high × 10^6 + low × 10^6 / 2^32) / 2^32.
WITH hashes AS (
    SELECT
        n,
        substr(
            sha256(
                'assay.bucket/1' || chr(0) || purpose || chr(0) || seed || chr(0) || kind
                || chr(0) || unit
            ), 1, 16
        ) AS hash
    FROM draws
), digits AS (
    SELECT n, hash, position, instr('0123456789abcdef', substr(hash, position, 1)) - 1 AS digit
    FROM hashes, (
        SELECT 1 AS position UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
        UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8
        UNION ALL SELECT 9 UNION ALL SELECT 10 UNION ALL SELECT 11 UNION ALL SELECT 12
        UNION ALL SELECT 13 UNION ALL SELECT 14 UNION ALL SELECT 15 UNION ALL SELECT 16
    ) AS positions
), halves AS (
    SELECT
        n, hash,
        sum(CASE WHEN position <= 8 THEN CAST(digit AS BIGINT) << (4 * (8 - position)) ELSE 0 END)
            AS high,
        sum(CASE WHEN position > 8 THEN CAST(digit AS BIGINT) << (4 * (16 - position)) ELSE 0 END)
            AS low
    FROM digits
    GROUP BY n, hash
)
SELECT
    n, hash,
    (
        CAST(high AS BIGINT) * 1000000 + ((CAST(low AS BIGINT) * 1000000) >> 32)
    ) >> 32 AS bucket
FROM halves
ORDER BY n

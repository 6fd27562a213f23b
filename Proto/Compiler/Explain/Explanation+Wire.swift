/// R1…R14: the canonical encoding (wire.md §7).
extension Explanation {
    static let wireRules = [
        Explanation(
            "R1", "records ascend by field number",
            """
            A canonical message writes its records by ascending field number, those that the
            reader does not know included. Only elements of a list, entries of a map and unknown
            records may have equal numbers. One value then has one encoding, which can be hashed.
            The tolerant door takes any order.
            """,
            .bytes(
                schema: "message Payment { id: uint64 = 1; score: uint32 = 2 }",
                wrong: "10 05  08 07  # 2, then 1", right: "08 07  10 05")),
        Explanation(
            "R2", "a singular field is written at most once",
            """
            Protobuf lets the last record of a field win and joins repeated messages. A canonical
            message has one. The tolerant door does as protobuf does.
            """,
            .bytes(
                schema: "message Payment { id: uint64 = 1; score: uint32 = 2 }",
                wrong: "08 07  08 08  # id twice", right: "08 08")),
        Explanation(
            "R3", "a zero without '?' is not written",
            """
            Absent means zero for a scalar without '?', so a written zero would be a second
            encoding of the same value. Zero means all bits zero: -0.0 is written. An empty string
            or list is not written either.
            """,
            .bytes(
                schema: "message Payment { id: uint64 = 1; score: uint32 = 2 }",
                wrong: "08 00  10 05  # id is zero", right: "10 05")),
        Explanation(
            "R4", "what has presence is written whenever it is set",
            """
            A 'T?' that is set is written, zero or not; so are a chosen member of a oneof, the
            elements of a list, and key and value of a map entry. Leaving out such a zero would
            say "absent". Nothing in the bytes shows that an encoder broke this rule, except in
            map entries, where it is R7.
            """,
            .bytes(
                schema: "message Payment { retry: uint32? = 1 }", wrong: nil,
                right: "08 00  # set, and zero")),
        Explanation(
            "R5", "numbers have their shortest form",
            """
            Varints have no superfluous bytes, in tags and lengths too; a bool is 0 or 1; 32-bit
            values fit 32 bits. The tolerant door makes them minimal, takes any nonzero as true
            and keeps the low 32 bits.
            """,
            .bytes(
                schema: "message Payment { id: uint64 = 1; score: uint32 = 2 }",
                wrong: "08 87 00  # seven in two bytes", right: "08 07")),
        Explanation(
            "R6", "a list of numbers is one packed record",
            """
            A list of bools, integers, floats or enums is exactly one length-delimited record with
            all elements, and no record if it is empty. The tolerant door joins unpacked and split
            forms.
            """,
            .bytes(
                schema: "message Payment { parts: [uint32] = 1 @max(8) }",
                wrong: "08 01  08 02  # one record each", right: "0a 02 01 02")),
        Explanation(
            "R7", "map entries ascend strictly by key",
            """
            Strings are ordered by their UTF-8 bytes, signed integers by value, unsigned ones by
            unsigned value, false before true. An entry is exactly key and then value, both
            written, zero or not. Runtimes of protobuf disagree about the order, so their
            "deterministic" output is not canonical. The tolerant door takes any order, and the
            last of equal keys wins.
            """,
            .bytes(
                schema: "message Payment { tags: [string: bool] = 1 @max(8) @key(max: 8) }",
                wrong: "0a 05 0a 01 62 10 01  0a 05 0a 01 61 10 01  # \"b\", then \"a\"",
                right: "0a 05 0a 01 61 10 01  0a 05 0a 01 62 10 01")),
        Explanation(
            "R8", "strings are UTF-8",
            """
            Bytes that are not UTF-8 are refused at both doors, never repaired: a repaired name is
            another name. Strings are not normalized either; "é" as one scalar and as two are
            different values.
            """,
            .bytes(
                schema: "message Payment { note: string = 1 @max(8) }",
                wrong: "0a 01 ff", right: "0a 02 c3 bf  # ÿ")),
        Explanation(
            "R9", "a oneof has at most one member",
            """
            Two members of a oneof, or two records of a union, would leave it open which one is
            meant. The tolerant door lets the last one win, as protobuf does.
            """,
            .bytes(
                schema: """
                    message Payment {
                      oneof source {
                        iban: string = 1 @max(34)
                        cash: bool   = 2
                      }
                    }
                    """,
                wrong: "0a 01 41  10 01  # iban and cash", right: "10 01")),
        Explanation(
            "R10", "values are in the domain of their type",
            """
            A decimal has at most 18 digits and a scale of at most 18, a currency is three
            capitals, timestamps and dates lie in the years 1 to 9999, nanoseconds below 10⁹, a
            uuid has 16 bytes, an enum lies in 0…2³¹−1. Both doors refuse anything else, so that
            what was read can always be written.
            """,
            .bytes(
                schema: "message Payment { id: uuid = 1 }", wrong: "0a 02 01 02  # two bytes",
                right: "0a 10 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff")),
        Explanation(
            "R11", "unknown records are kept as they are",
            """
            A record that the schema does not have is kept byte for byte and written back in its
            place, so that an old program passes on what a newer one wrote. Its number is at most
            536,870,911, and its tag, varint or length is minimal. Sealing refuses unknown
            records: seal only what you understand.
            """,
            .bytes(
                schema: "message Payment { id: uint64 = 1 }",
                wrong: "08 07  80 80 80 80 10 01  # number 536,870,912",
                right: "08 07  10 05  # number 2 is unknown here")),
        Explanation(
            "R12", "a known number has its own wire type",
            """
            A record with the number of a field and another wire type is an error at both doors.
            Protobuf would set it aside as unknown; an amount could be lost that way without
            anybody noticing.
            """,
            .bytes(
                schema: "message Payment { id: uint64 = 1 }",
                wrong: "09 07 00 00 00 00 00 00 00  # eight bytes instead of a varint",
                right: "08 07")),
        Explanation(
            "R13", "depth, memory and unknown bytes are limited",
            """
            A decoder goes as deep as the type can nest ('@depth' for a recursive one), allocates
            at most 1 MiB and 16 times the bytes of the call, and keeps at most 16 KiB of unknown
            records. Every allocation is charged before it is made, so a lying length reserves
            nothing.
            """,
            .bytes(
                schema:
                    "@depth(2) message Payment { parts: [Payment] = 1 @max(4); id: uint64 = 2 }",
                wrong: "0a 04 0a 02 10 07  # three deep", right: "0a 02 10 07")),
        Explanation(
            "R14", "what is required is present",
            """
            A '@required' message, decimal, money, timestamp, duration or date, and a '@required'
            oneof, must be there at both doors: there is no zero that could stand for them.
            '@required' on other fields means "not zero, not empty" and is checked by validation,
            not by decoding.
            """,
            .bytes(
                schema: "message Payment { at: timestamp = 1 @required; id: uint64 = 2 }",
                wrong: "10 07", right: "0a 02 08 01  10 07")),
    ]
}

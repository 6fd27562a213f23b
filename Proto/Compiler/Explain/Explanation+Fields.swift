/// S02xx and S03xx: fields, numbers, presence and enums.
extension Explanation {
    static let fields = [
        Explanation(
            "S0201", "field number not in 1…2047",
            """
            The number is what bytes carry instead of the name. Up to 15 its tag is one byte, up
            to 2047 two; a message that needs more has become two messages.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id: uint64 = 5000
                    }
                    """,
                right: """
                    message Payment {
                      id: uint64 = 1
                    }
                    """)),
        Explanation(
            "S0203", "duplicate field number",
            """
            Two fields of a message have the same number, also if one of them is in a oneof. Bytes
            carry numbers only, so a reader could not tell the two apart. The hint is the next
            free number; a number that was ever used stays with its field.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id:    uint64 = 1
                      score: uint32 = 1
                    }
                    """,
                right: """
                    message Payment {
                      id:    uint64 = 1
                      score: uint32 = 2
                    }
                    """)),
        Explanation(
            "S0204", "number or name is reserved",
            """
            'reserved' keeps the number and name of a field or value that is gone, so that nobody
            takes them again: bytes and callers of long ago still mean the old one. Ranges ascend
            and do not overlap.
            """,
            .schema(
                wrong: """
                    message Payment {
                      score: uint32 = 2
                      reserved 2
                    }
                    """,
                right: """
                    message Payment {
                      score: uint32 = 3
                      reserved 2
                    }
                    """)),
        Explanation(
            "S0207", "a shape that the wire does not have",
            """
            Lists and maps do not nest, and have no '?': an empty one is not written, so absent
            and empty are the same. A member of a oneof or union is a plain value: it is present
            when it is chosen. Put the inner collection into a message of its own.
            """,
            .schema(
                wrong: """
                    message Payment {
                      tags: [string]? = 1
                    }
                    """,
                right: """
                    message Payment {
                      tags: [string] = 1
                    }
                    """)),
        Explanation(
            "S0208", "type not allowed as map key",
            """
            Keys are string, bool, int32, int64, uint32 or uint64: types whose order every runtime
            can agree on (R7).
            """,
            .schema(
                wrong: """
                    message Payment {
                      shares: [double: string] = 1
                    }
                    """,
                right: """
                    message Payment {
                      shares: [string: double] = 1
                    }
                    """)),
        Explanation(
            "S0212", "a type contains itself directly",
            """
            A type may contain itself only through a list or a map. Otherwise a value would have
            no end, or would need a pointer: nothing in generated Swift is boxed. The path is
            printed.
            """,
            .schema(
                wrong: """
                    message Rule {
                      name:  string = 1 @max(64)
                      inner: Rule?  = 2
                    }
                    """,
                right: """
                    @depth(8)
                    message Rule {
                      name:  string = 1 @max(64)
                      inner: [Rule] = 2 @max(1)
                    }
                    """)),
        Explanation(
            "S0213", "recursive type without '@depth'",
            """
            A type that contains itself through a list or a map could nest without end.
            '@depth(n)', n at most 32, says how deep decoders go; deeper bytes are refused (R13)
            before they cost stack.
            """,
            .schema(
                wrong: """
                    message Rule {
                      all: [Rule] = 1 @max(4)
                    }
                    """,
                right: """
                    @depth(8)
                    message Rule {
                      all: [Rule] = 1 @max(4)
                    }
                    """)),
        Explanation(
            "S0215", "say whether a message may be absent",
            """
            Messages, unions, decimal, money, timestamp, duration and date have no zero that could
            stand for absence. Write 'T?' if the field may be absent, or '@required' if it is
            always written; then a message without it is refused at both doors (R14), and Swift
            asks for it in the initializer.
            """,
            .schema(
                wrong: """
                    message Payment {
                      amount: money = 1
                    }
                    """,
                right: """
                    message Payment {
                      amount: money  = 1 @required
                      fee:    money? = 2
                    }
                    """)),
        Explanation(
            "S0301", "an enum begins with 'unspecified = 0'",
            """
            Zero is not written (R3), so it is what a reader sees when nobody said anything. It
            therefore comes first and is called 'unspecified'. In a '@protobuf_types' package zero
            may have any name.
            """,
            .schema(
                wrong: """
                    enum Channel {
                      card = 1
                    }
                    """,
                right: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                    }
                    """)),
        Explanation(
            "S0302", "duplicate or negative enum number",
            """
            Numbers of values lie in 0…2147483647 and belong to one value each. A second name for
            a number would make JSON ambiguous; a negative number would take ten bytes.
            """,
            .schema(
                wrong: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                      plastic     = 1
                    }
                    """,
                right: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                    }
                    """)),
    ]

    /// S04xx: services and rpcs.
    static let services = [
        Explanation(
            "S0401", "rpc type is not a message or union",
            """
            A call carries one message each way, so that fields can be added to it later. Wrap a
            plain value.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id: uint64 = 1
                    }
                    @public
                    service Payments {
                      rpc Score(Payment) -> double
                    }
                    """,
                right: """
                    message Payment {
                      id: uint64 = 1
                    }
                    message Score {
                      value: double = 1
                    }
                    @public
                    service Payments {
                      rpc Score(Payment) -> Score
                    }
                    """)),
        Explanation(
            "S0403", "an rpc does not say who may call it",
            """
            Every rpc has '@auth(scope: "…")' or '@public', of its own or of its service. There is
            no default: a call that anybody may make is a decision that somebody wrote down.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id: uint64 = 1
                    }
                    service Payments {
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: uint64 = 1
                    }
                    @auth(scope: "payments.assess")
                    service Payments {
                      rpc Assess(Payment) -> Payment
                    }
                    """)),
        Explanation(
            "S0404", "the idempotency key does not fit",
            """
            '@idempotent(key: path, ttl: d)' promises that a repeated call acts once. The key must
            be in every request: one '@required' string, bytes or uuid, reached through
            '@required' messages only.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id: string = 1 @max(64)
                    }
                    @public
                    service Payments {
                      @idempotent(key: id, ttl: 24h)
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @idempotent(key: id, ttl: 24h)
                      rpc Assess(Payment) -> Payment
                    }
                    """)),
        Explanation(
            "S0406", "contradictory promises about repeated calls",
            """
            '@readonly' says that a call changes nothing, '@idempotent' that it changes something
            once: one of them is true. '@retry' needs one of the two, because a client may repeat
            only what may be repeated.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id: uint64 = 1
                    }
                    @public
                    service Payments {
                      @retry(max: 3, on: [unavailable])
                      rpc Find(Payment) -> Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: uint64 = 1
                    }
                    @public
                    service Payments {
                      @readonly @retry(max: 3, on: [unavailable])
                      rpc Find(Payment) -> Payment
                    }
                    """)),
    ]
}

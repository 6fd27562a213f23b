/// S05xx and S06xx: annotations, bounds, documentation and foreign packages.
extension Explanation {
    static let annotations = [
        Explanation(
            "S0501", "unknown annotation",
            """
            Annotations are a closed set, so that a spelling mistake is not a rule that nobody
            checks. For a purpose of your own write '@x_anything(...)': it is kept in canonical
            text and otherwise ignored.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id: string = 1 @maximum(64)
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64) @x_owner("payments")
                    }
                    """)),
        Explanation(
            "S0502", "annotation not allowed here",
            """
            Each annotation belongs to certain places and types: '@finite' to floats, '@wire' to
            integers, '@range' to numbers and decimals, '@depth' to messages. In a oneof,
            '@required' stands on the oneof and not on a member. Spans and points of time have no
            '@range': it takes numbers, which would not say their unit.
            """,
            .schema(
                wrong: """
                    message Payment {
                      wait: duration? = 1 @range(0...60)
                    }
                    """,
                right: """
                    message Payment {
                      wait_seconds: uint32 = 1 @range(0...60)
                    }
                    """)),
        Explanation(
            "S0503", "wrong, missing or repeated argument",
            """
            The arguments of annotations are typed: '@max' takes a count or a size, '@deadline' a
            duration, '@pii' one of account, person, contact, device and credential. The message
            says what fits.
            """,
            .schema(
                wrong: """
                    message Payment {
                      iban: string = 1 @max(34) @pii(bank)
                    }
                    """,
                right: """
                    message Payment {
                      iban: string = 1 @max(34) @pii(account)
                    }
                    """)),
        Explanation(
            "S0504", "contradictory or empty bounds",
            """
            No value can satisfy these rules together, or one of them says what another has said
            already. A field that refuses every value would make its message useless.
            """,
            .schema(
                wrong: """
                    message Payment {
                      code: string = 1 @min(8) @max(4)
                    }
                    """,
                right: """
                    message Payment {
                      code: string = 1 @min(4) @max(8)
                    }
                    """)),
        Explanation(
            "S0505", "pattern outside the subset",
            """
            '@pattern' takes a sequence of literals and classes such as [A-Z0-9], each with ?, *,
            +, {n} or {n,m}; ASCII; it matches the whole value and has at most 64 positions. There
            are no groups and no alternatives: what is left is matched in one pass, in linear
            time, whatever the input. A backslash stands before a special character, and is
            doubled in a string.
            """,
            .schema(
                wrong: """
                    message Payment {
                      code: string = 1 @max(8) @pattern("EU|US")
                    }
                    """,
                right: """
                    message Payment {
                      code: string = 1 @max(8) @pattern("[EU][US]")
                    }
                    """)),
        Explanation(
            "S0507", "a sealable type cannot be sealed",
            """
            A sealed record lasts: everything in it, however deep, is bounded, its floats are
            '@finite', and nothing is '@pii'. Personal data enters as a '@commitment': a salted
            hash that tells nothing once value and salt are erased.
            """,
            .schema(
                wrong: """
                    @sealable
                    message Decision {
                      score: double = 1
                    }
                    """,
                right: """
                    @sealable
                    message Decision {
                      score: double = 1 @finite
                      payer: bytes  = 2 @commitment
                    }
                    """)),
        Explanation(
            "S0508", "a call without a size limit",
            """
            A server refuses a body over the limit before it buffers it. The limit is computed
            from the bounds of all fields; if one has none, add '@max', or say the limit with
            '@max_request' or '@max_response'. An explicit limit below the computed size would
            refuse valid messages.
            """,
            .schema(
                wrong: """
                    message Payment {
                      note: string = 1
                    }
                    message Answer {
                      score: uint32 = 1
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Answer
                    }
                    """,
                right: """
                    message Payment {
                      note: string = 1 @max(256)
                    }
                    message Answer {
                      score: uint32 = 1
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Answer
                    }
                    """)),
        Explanation(
            "S0601", "doc comment attached to nothing",
            """
            '///' documents what follows on the next line, in front of its annotations, and goes
            into generated code. Here nothing follows. A warning. For a remark that belongs to
            nothing write '//'.
            """,
            .schema(
                wrong: """
                    /// Everything about payments.

                    message Payment {
                      id: uint64 = 1
                    }
                    """,
                right: """
                    /// One payment.
                    message Payment {
                      id: uint64 = 1
                    }
                    """)),
        Explanation(
            "S0602", "not allowed in, or only in, a '@protobuf_types' package",
            """
            '@protobuf_types' describes messages that others have defined, such as the health
            protocol of gRPC. They know neither decimal, money, date, uuid and unions, nor
            required messages and sealing; and they alone may have dotted names, which stand for
            nested messages of protobuf.
            """,
            .schema(
                wrong: """
                    // --- partner/partner.schema
                    @protobuf_types
                    package partner
                    message Quote {
                      price: money? = 1
                    }
                    """,
                right: """
                    // --- partner/partner.schema
                    @protobuf_types
                    package partner
                    message Quote {
                      price_cents: int64  = 1
                      currency:    string = 2
                    }
                    """)),
    ]
}

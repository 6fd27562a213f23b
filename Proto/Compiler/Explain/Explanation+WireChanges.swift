/// WIRE-01…14: changes that break stored bytes and running peers (wire.md §16).
extension Explanation {
    static let wireChanges = [
        Explanation(
            "WIRE-01", "field removed, its number not reserved",
            """
            A field that is gone leaves its number behind in stored bytes and in peers that still
            write it. 'reserved' keeps the number and the name, so that nobody gives them to
            something else.
            """,
            .change(
                old: """
                    message Payment {
                      id:    uint64 = 1
                      score: uint32 = 2
                    }
                    """,
                wrong: """
                    message Payment {
                      id: uint64 = 1
                    }
                    """,
                right: """
                    message Payment {
                      id: uint64 = 1
                      reserved 2, "score"
                    }
                    """)),
        Explanation(
            "WIRE-02", "field number changed",
            """
            Fields are compared by name; a name at another number is the same field for people and
            another one for bytes. Two fields that swap their numbers swap their values.
            """,
            .change(
                old: """
                    message Payment {
                      amount: int64 = 1
                      fee:    int64 = 2
                    }
                    """,
                wrong: """
                    message Payment {
                      amount: int64 = 2
                      fee:    int64 = 1
                    }
                    """,
                right: """
                    message Payment {
                      fee:    int64 = 2
                      amount: int64 = 1
                    }
                    """)),
        Explanation(
            "WIRE-03", "type or '@wire' changed",
            """
            Also a wider integer is another type here: int32 and int64 differ in JSON, and an old
            reader cannot hold the new values. A type that merely got another name, with the same
            bytes, is SOURCE-01.
            """,
            .change(
                old: """
                    message Payment {
                      count: int32 = 1
                    }
                    """,
                wrong: """
                    message Payment {
                      count: int64 = 1
                    }
                    """,
                right: """
                    message Payment {
                      count:      int32 = 1 @deprecated("use long_count")
                      long_count: int64 = 2
                    }
                    """)),
        Explanation(
            "WIRE-04", "one value, list and map exchanged",
            """
            A list of numbers is one packed record, a list of messages one record each, a map one
            entry each: none of them is what a single value looks like.
            """,
            .change(
                old: """
                    message Payment {
                      tag: string = 1 @max(16)
                    }
                    """,
                wrong: """
                    message Payment {
                      tag: [string] = 1 @max(8) @each(max: 16)
                    }
                    """,
                right: """
                    message Payment {
                      tag:  string   = 1 @max(16) @deprecated("use tags")
                      tags: [string] = 2 @max(8) @each(max: 16)
                    }
                    """)),
        Explanation(
            "WIRE-05", "presence changed",
            """
            'T' and 'T?' differ in whether a zero is written (R3, R4); '@required' on a message or
            oneof refuses its absence (R14). '@required' on scalars, lists and maps is POLICY-02.
            """,
            .change(
                old: """
                    message Payment {
                      retry: uint32 = 1
                    }
                    """,
                wrong: """
                    message Payment {
                      retry: uint32? = 1
                    }
                    """,
                right: """
                    message Payment {
                      retry:       uint32  = 1 @deprecated("use retry_count")
                      retry_count: uint32? = 2
                    }
                    """)),
        Explanation(
            "WIRE-06", "new required field or oneof, or new member of a required oneof",
            """
            What exists already was written without it. A new member of a required oneof is no
            better: a reader of yesterday sees a message in which none of the members that it
            knows is chosen.
            """,
            .change(
                old: """
                    message Payment {
                      id: uint64 = 1
                    }
                    """,
                wrong: """
                    message Payment {
                      id: uint64 = 1
                      at: timestamp = 2 @required
                    }
                    """,
                right: """
                    message Payment {
                      id: uint64     = 1
                      at: timestamp? = 2
                    }
                    """)),
        Explanation(
            "WIRE-07", "moved into, out of or between oneofs; message and union exchanged",
            """
            Members of a oneof exclude each other, fields beside it do not. Bytes that were valid
            on one side have a second member on the other (R9), or lose one.
            """,
            .change(
                old: """
                    message Payment {
                      iban: string = 1 @max(34)
                      cash: bool   = 2
                    }
                    """,
                wrong: """
                    message Payment {
                      oneof source {
                        iban: string = 1 @max(34)
                        cash: bool   = 2
                      }
                    }
                    """,
                right: """
                    message Payment {
                      iban: string = 1 @max(34)
                      cash: bool   = 2
                      oneof target {
                        account: string = 3 @max(34)
                        wallet:  string = 4 @max(34)
                      }
                    }
                    """)),
        Explanation(
            "WIRE-08", "enum value removed, its number not reserved",
            """
            The number is in stored bytes. Reserve it, with its name, so that no later value takes
            it.
            """,
            .change(
                old: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                      fax         = 2
                    }
                    """,
                wrong: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                    }
                    """,
                right: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                      reserved 2, "fax"
                    }
                    """)),
        Explanation(
            "WIRE-09", "number of an enum value changed",
            """
            A value is its number on the wire. Values that swap their numbers swap their meaning
            in everything that was stored.
            """,
            .change(
                old: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                      ecommerce   = 2
                    }
                    """,
                wrong: """
                    enum Channel {
                      unspecified = 0
                      ecommerce   = 1
                      card        = 2
                    }
                    """,
                right: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                      ecommerce   = 2
                      wallet      = 3
                    }
                    """)),
        Explanation(
            "WIRE-10", "reservation removed",
            """
            A reservation remembers a field or value that is gone. Without it the number or name
            may be used again; if it is used in the same change, that is the mistake it was there
            to prevent.
            """,
            .change(
                old: """
                    message Payment {
                      id: uint64 = 1
                      reserved 2, "score"
                    }
                    """,
                wrong: """
                    message Payment {
                      id:   uint64 = 1
                      note: string = 2 @max(64)
                    }
                    """,
                right: """
                    message Payment {
                      id:   uint64 = 1
                      note: string = 3 @max(64)
                      reserved 2, "score"
                    }
                    """)),
        Explanation(
            "WIRE-11", "package, service or rpc removed or renamed",
            """
            The path of a call is /package.Service/Method. Whoever calls the old one gets
            UNIMPLEMENTED. Keep it until no caller is left; then permit the removal in
            breaking.allow.
            """,
            .change(
                old: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                wrong: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      rpc Score(Payment) -> Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Payment
                      rpc Score(Payment) -> Payment
                    }
                    """)),
        Explanation(
            "WIRE-12", "an rpc takes or returns another message",
            """
            Fields may be added to the message that is there. Another message has other bytes,
            unless it is the same in all but its name.
            """,
            .change(
                old: """
                    message Payment {
                      id: string = 1 @max(64)
                    }
                    message Answer {
                      score: uint32 = 1
                    }
                    message Report {
                      text: string = 2 @max(64)
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Answer
                    }
                    """,
                wrong: """
                    message Payment {
                      id: string = 1 @max(64)
                    }
                    message Answer {
                      score: uint32 = 1
                    }
                    message Report {
                      text: string = 2 @max(64)
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Report
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64)
                    }
                    message Answer {
                      score: uint32 = 1
                    }
                    message Report {
                      text: string = 2 @max(64)
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Answer
                      rpc Describe(Payment) -> Report
                    }
                    """)),
        Explanation(
            "WIRE-13", "streaming changed",
            """
            A peer that expects one message and gets several, or the other way round, ends the
            call with an error.
            """,
            .change(
                old: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                wrong: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> stream Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Payment
                      rpc Watch(Payment) -> stream Payment
                    }
                    """)),
        Explanation(
            "WIRE-14", "'@depth' lowered",
            """
            Values that nest deeper than the new limit are refused, also those that are stored
            already.
            """,
            .change(
                old: """
                    @depth(8)
                    message Rule {
                      all: [Rule] = 1 @max(4)
                    }
                    """,
                wrong: """
                    @depth(4)
                    message Rule {
                      all: [Rule] = 1 @max(4)
                    }
                    """,
                right: """
                    @depth(16)
                    message Rule {
                      all: [Rule] = 1 @max(4)
                    }
                    """)),
    ]
}

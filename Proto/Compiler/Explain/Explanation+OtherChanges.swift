/// JSON, SOURCE and POLICY: changes that break callers in other ways (wire.md §16).
extension Explanation {
    static let otherChanges = [
        Explanation(
            "JSON-01", "field name or '@json' changed",
            """
            JSON shows the name in lowerCamelCase, or what '@json' says, and takes the name of the
            schema too. Callers outside send and read these keys.
            """,
            .change(
                old: """
                    message Payment {
                      request_id: string = 1 @max(64)
                    }
                    """,
                wrong: """
                    message Payment {
                      payment_id: string = 1 @max(64)
                    }
                    """,
                right: """
                    /// One payment; its id is that of the request.
                    message Payment {
                      request_id: string = 1 @max(64)
                    }
                    """)),
        Explanation(
            "JSON-02", "enum value renamed",
            """
            JSON shows the name of a value. The bytes do not change.
            """,
            .change(
                old: """
                    enum Channel {
                      unspecified = 0
                      card        = 1
                    }
                    """,
                wrong: """
                    enum Channel {
                      unspecified  = 0
                      card_present = 1
                    }
                    """,
                right: """
                    enum Channel {
                      unspecified  = 0
                      card         = 1
                      card_present = 2
                    }
                    """)),
        Explanation(
            "JSON-03", "type of another JSON form",
            """
            An int32 is a number in JSON and an int64 a text, because readers in JavaScript would
            round it; bytes are base64, a uuid is grouped hex, money an object. Mostly this comes
            with WIRE-03 or WIRE-04.
            """,
            .change(
                old: """
                    message Payment {
                      id: uuid = 1
                    }
                    """,
                wrong: """
                    message Payment {
                      id: bytes = 1 @max(16)
                    }
                    """,
                right: """
                    message Payment {
                      id:  uuid  = 1 @deprecated("use key")
                      key: bytes = 2 @max(16)
                    }
                    """)),
        Explanation(
            "SOURCE-01", "type renamed, moved or removed",
            """
            A type is found again under another name if its wire text is the same. Stored bytes
            and peers do not notice; code that names the type does. By default a warning.
            """,
            .change(
                old: """
                    message Payment {
                      device: Device? = 1
                    }
                    message Device {
                      os: string = 1 @max(32)
                    }
                    """,
                wrong: """
                    message Payment {
                      device: Terminal? = 1
                    }
                    message Terminal {
                      os: string = 1 @max(32)
                    }
                    """,
                right: """
                    message Payment {
                      device: Device? = 1
                      till:   Till?   = 2
                    }
                    message Device {
                      os: string = 1 @max(32)
                    }
                    message Till {
                      number: uint32 = 1
                    }
                    """)),
        Explanation(
            "SOURCE-02", "field, value or member renamed or removed",
            """
            The bytes do not change; code that names the member does. A field or value of another
            name is JSON-01 or JSON-02 too; an oneof has no name in JSON. By default a warning.
            """,
            .change(
                old: """
                    message Payment {
                      oneof source {
                        iban: string = 1 @max(34)
                        cash: bool   = 2
                      }
                    }
                    """,
                wrong: """
                    message Payment {
                      oneof origin {
                        iban: string = 1 @max(34)
                        cash: bool   = 2
                      }
                    }
                    """,
                right: """
                    message Payment {
                      /// Where the money comes from.
                      oneof source {
                        iban: string = 1 @max(34)
                        cash: bool   = 2
                      }
                    }
                    """)),
        Explanation(
            "SOURCE-03", "'@swift' changed",
            """
            The package has another name in Swift, and with it everything that is in it. By
            default a warning.
            """,
            .change(
                old: """
                    package example.v1
                    message Payment {
                      id: uint64 = 1
                    }
                    """,
                wrong: """
                    @swift("Example")
                    package example.v1
                    message Payment {
                      id: uint64 = 1
                    }
                    """,
                right: """
                    @swift("ExampleV1")
                    package example.v1
                    message Payment {
                      id: uint64 = 1
                    }
                    """)),
        Explanation(
            "POLICY-01", "bound tightened",
            """
            Bounds are checked when a request is validated, never when bytes are decoded, so
            stored records stay readable; but callers who were right before are refused.
            """,
            .change(
                old: """
                    message Payment {
                      note: string = 1 @max(256)
                    }
                    """,
                wrong: """
                    message Payment {
                      note: string = 1 @max(64)
                    }
                    """,
                right: """
                    message Payment {
                      note: string = 1 @max(512)
                    }
                    """)),
        Explanation(
            "POLICY-02", "'@required' added to a scalar, list or map",
            """
            It then means \"not zero, not empty\", and requests without it are refused. Decoding
            does not change. On messages and oneofs it is WIRE-05.
            """,
            .change(
                old: """
                    message Payment {
                      id: string = 1 @max(64)
                    }
                    """,
                wrong: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(128)
                    }
                    """)),
        Explanation(
            "POLICY-03", "who may call was changed",
            """
            Another scope refuses callers who hold the old one. Dropping mutual TLS, or '@public',
            lets callers in that were kept out: that needs a decision, not a merge.
            """,
            .change(
                old: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @auth(scope: "payments.assess", mtls: true)
                    service Payments {
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                wrong: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @auth(scope: "payments.assess")
                    service Payments {
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    service Payments {
                      @auth(scope: "payments.assess", mtls: true)
                      rpc Assess(Payment) -> Payment
                    }
                    """)),
        Explanation(
            "POLICY-04", "'@idempotent' or '@readonly' removed, key changed, ttl shortened",
            """
            Clients and gateways repeat calls that are safe to repeat. If the promise is
            withdrawn, a repeated call acts twice.
            """,
            .change(
                old: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @idempotent(key: id, ttl: 24h)
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                wrong: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @idempotent(key: id, ttl: 48h)
                      rpc Assess(Payment) -> Payment
                    }
                    """)),
        Explanation(
            "POLICY-05", "cost raised or deadline shortened",
            """
            Admission charges the cost of a call to its caller's budget; the deadline ends it.
            Callers who stayed within both are refused.
            """,
            .change(
                old: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @cost(2) @deadline(50ms)
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                wrong: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @cost(5) @deadline(20ms)
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @cost(1) @deadline(100ms)
                      rpc Assess(Payment) -> Payment
                    }
                    """)),
        Explanation(
            "POLICY-06", "size limit lowered",
            """
            A body over the limit is refused before it is read. Limits that the compiler computes
            follow the bounds of the fields, so only explicit ones are compared.
            """,
            .change(
                old: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @max_request(64KiB)
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                wrong: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @max_request(32KiB)
                      rpc Assess(Payment) -> Payment
                    }
                    """,
                right: """
                    message Payment {
                      id: string = 1 @max(64) @required
                    }
                    @public
                    service Payments {
                      @max_request(128KiB)
                      rpc Assess(Payment) -> Payment
                    }
                    """)),
        Explanation(
            "POLICY-07", "'@pii' removed or changed",
            """
            '@pii' hides a value in descriptions, logs, errors and tools. Without it the next log
            line shows it.
            """,
            .change(
                old: """
                    message Payment {
                      iban: string = 1 @max(34) @pii(account)
                    }
                    """,
                wrong: """
                    message Payment {
                      iban: string = 1 @max(34)
                    }
                    """,
                right: """
                    message Payment {
                      iban:    string = 1 @max(34) @pii(account)
                      country: string = 2 @max(2)
                    }
                    """)),
        Explanation(
            "POLICY-08", "'@sealable' or '@commitment' removed",
            """
            Records of the type can no longer be sealed, or a field that held a commitment may now
            hold the value itself.
            """,
            .change(
                old: """
                    @sealable
                    message Decision {
                      payer: bytes = 1 @commitment
                    }
                    """,
                wrong: """
                    message Decision {
                      payer: bytes = 1 @len(32)
                    }
                    """,
                right: """
                    @sealable
                    message Decision {
                      payer: bytes  = 1 @commitment
                      score: double = 2 @finite
                    }
                    """)),
    ]
}

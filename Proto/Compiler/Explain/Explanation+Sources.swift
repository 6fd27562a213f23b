/// S00xx: characters, words and limits.
extension Explanation {
    static let sources = [
        Explanation(
            "S0001", "a character that cannot stand here",
            """
            A schema is UTF-8 text without byte order mark, tab and carriage return. Outside of
            comments and strings only the characters of the language may stand. Strings end on
            their line, block comments end with '*/'.

            Tabs and carriage returns are refused because a schema is hashed and compared: the
            same text must have the same bytes on every machine, and columns must mean the same to
            everybody.
            """,
            .schema(
                wrong: """
                    message Payment {
                      note: string = 1 @json("remark)
                    }
                    """,
                right: """
                    message Payment {
                      note: string = 1 @json("remark")
                    }
                    """)),
        Explanation(
            "S0002", "something else was expected",
            """
            The text does not follow the grammar here. The message says what was expected and what
            was found. The compiler goes on at the next line or '}', so that one run shows all
            mistakes; only the first of a line is reported.
            """,
            .schema(
                wrong: """
                    message Payment {
                      amount int64 = 1
                    }
                    """,
                right: """
                    message Payment {
                      amount: int64 = 1
                    }
                    """)),
        Explanation(
            "S0004", "over a limit of the compiler",
            """
            Everything has a limit: a file has at most 1 MiB, a package 4,096 declarations, a
            message 512 fields, of which at most 64 may be required messages or oneofs; types nest
            at most 100 deep, and a value holds at most 4,096 fields with those of the messages in
            it, lists and maps not counted; names have at most 1,024 bytes, values of annotations nest
            at most 8 deep. No schema that people read comes near. The limits keep time and memory
            bounded, whatever the text.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id: uint64 = 1 @x_note([[[[[[[[[1]]]]]]]]])
                    }
                    """,
                right: """
                    message Payment {
                      id: uint64 = 1 @x_note([1])
                    }
                    """)),
    ]

    /// S01xx: packages, imports and names.
    static let names = [
        Explanation(
            "S0101", "missing or second 'package'",
            """
            A file begins by saying its package, once. Documentation and annotations in front of
            it belong to the package.
            """,
            .schema(
                wrong: """
                    // A file without a package line.
                    message Payment {
                      id: uint64 = 1
                    }
                    """,
                right: """
                    package example.v1

                    message Payment {
                      id: uint64 = 1
                    }
                    """)),
        Explanation(
            "S0102", "package and directory differ, or the version is missing",
            """
            A package is a directory: 'bank.risk.v1' lies in bank/risk/v1, and all its files say
            so. The last part is a version such as v1 or v2beta1, because an incompatible
            successor lives beside it under the next one. Packages with '@protobuf_types' follow
            the names of their owners and need no version.
            """,
            .schema(
                wrong: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v2
                    """,
                right: """
                    // --- bank/risk/v2/risk.schema
                    package bank.risk.v2
                    """)),
        Explanation(
            "S0103", "imported package not found",
            """
            'import' names a package below the schema root. Files of one package see each other
            without import.
            """,
            .schema(
                wrong: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v1
                    import bank.partie.v1
                    // --- bank/party/v1/party.schema
                    package bank.party.v1
                    message Card {
                      token: string = 1 @max(64)
                    }
                    """,
                right: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v1
                    import bank.party.v1
                    message Payment {
                      card: party.Card? = 1
                    }
                    // --- bank/party/v1/party.schema
                    package bank.party.v1
                    message Card {
                      token: string = 1 @max(64)
                    }
                    """)),
        Explanation(
            "S0104", "packages import each other",
            """
            Imports form no circle, because a package is compiled after those that it imports, in
            Swift and in .proto alike. Move what both need into a third package.
            """,
            .schema(
                wrong: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v1
                    import bank.party.v1
                    message Payment {
                      payer: party.Person? = 1
                    }
                    // --- bank/party/v1/party.schema
                    package bank.party.v1
                    import bank.risk.v1
                    message Person {
                      last: risk.Payment? = 1
                    }
                    """,
                right: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v1
                    import bank.party.v1
                    message Payment {
                      payer: party.Person? = 1
                    }
                    // --- bank/party/v1/party.schema
                    package bank.party.v1
                    message Person {
                      last_payment_id: uint64 = 1
                    }
                    """)),
        Explanation(
            "S0105", "unused import",
            """
            Nothing of the imported package is used in this file. A warning: the schemas still
            compile. Remove the line; a reader looks for what it is there for.
            """,
            .schema(
                wrong: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v1
                    import bank.party.v1
                    message Payment {
                      id: uint64 = 1
                    }
                    // --- bank/party/v1/party.schema
                    package bank.party.v1
                    message Card {
                      token: string = 1 @max(64)
                    }
                    """,
                right: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v1
                    message Payment {
                      id: uint64 = 1
                    }
                    // --- bank/party/v1/party.schema
                    package bank.party.v1
                    message Card {
                      token: string = 1 @max(64)
                    }
                    """)),
        Explanation(
            "S0106", "unknown type",
            """
            A type is built in (bool, int32, int64, uint32, uint64, float, double, string, bytes,
            uuid, decimal, money, timestamp, duration, date), declared in this package, or
            declared in an imported one and written with its qualifier: 'party.Card'. The hint is
            the nearest name in scope.
            """,
            .schema(
                wrong: """
                    message Payment {
                      amount: Mony? = 1
                    }
                    """,
                right: """
                    message Payment {
                      amount: money? = 1
                    }
                    """)),
        Explanation(
            "S0107", "ambiguous type",
            """
            Two imported packages have the same qualifier, so that the name stands for a type of
            each. Write its full name, or rename one of the qualifiers: 'import bank.party.v1 as
            party1'.
            """,
            .schema(
                wrong: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v1
                    import bank.party.v1
                    import bank.party.v2
                    message Payment {
                      card: party.Card? = 1
                      old:  bank.party.v1.Card? = 2
                      new:  bank.party.v2.Card? = 3
                    }
                    // --- bank/party/v1/party.schema
                    package bank.party.v1
                    message Card {
                      token: string = 1 @max(64)
                    }
                    // --- bank/party/v2/party.schema
                    package bank.party.v2
                    message Card {
                      token: bytes = 1 @max(64)
                    }
                    """,
                right: """
                    // --- bank/risk/v1/risk.schema
                    package bank.risk.v1
                    import bank.party.v1 as party1
                    import bank.party.v2
                    message Payment {
                      card: party.Card?  = 1
                      old:  party1.Card? = 2
                    }
                    // --- bank/party/v1/party.schema
                    package bank.party.v1
                    message Card {
                      token: string = 1 @max(64)
                    }
                    // --- bank/party/v2/party.schema
                    package bank.party.v2
                    message Card {
                      token: bytes = 1 @max(64)
                    }
                    """)),
        Explanation(
            "S0108", "duplicate name",
            """
            A package declares a name once; so does a message its fields and oneofs, an enum its
            values, a service its rpcs. Both places are shown.
            """,
            .schema(
                wrong: """
                    message Payment {
                      id: uint64 = 1
                      id: string = 2 @max(64)
                    }
                    """,
                right: """
                    message Payment {
                      id:   uint64 = 1
                      name: string = 2 @max(64)
                    }
                    """)),
        Explanation(
            "S0109", "name not in the fixed spelling",
            """
            Types, services and rpcs are PascalCase; fields, oneofs and values of enums are
            snake_case; packages are lower case. Because the spelling is fixed, names are
            converted exactly: 'request_id' is requestID in Swift and requestId in JSON, and
            'card_present' of Channel is CHANNEL_CARD_PRESENT in .proto.
            """,
            .schema(
                wrong: """
                    message Payment {
                      requestId: string = 1 @max(64)
                    }
                    """,
                right: """
                    message Payment {
                      request_id: string = 1 @max(64)
                    }
                    """)),
        Explanation(
            "S0110", "names collide after conversion",
            """
            Two names differ in the schema and are the same in Swift, JSON or .proto; or a name is
            one that generated code keeps for itself. Choose another name: a collision found here
            would otherwise be an error in generated code, or a key that means two fields.
            """,
            .schema(
                wrong: """
                    message Payment {
                      line_1: string = 1 @max(64)
                      line1:  string = 2 @max(64) @json("other")
                    }
                    """,
                right: """
                    message Payment {
                      street: string = 1 @max(64)
                      city:   string = 2 @max(64)
                    }
                    """)),
    ]
}

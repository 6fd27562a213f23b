/// Types that every schema may use without declaring them.
enum WellKnownFiles {
    /// Decimal, Money and Date of package `assay.types.v1`.
    static let valueTypes: [ProtoType] = [
        message(
            "Decimal", "A decimal number: coefficient / 10^scale. The scale is significant.",
            [
                field("coefficient", 1, .sint64, "at most 18 digits"),
                field("scale", 2, .uint32, "at most 18"),
            ]),
        message(
            "Money", "An amount of money: coefficient / 10^scale of the currency.",
            [
                field("currency", 1, .string, "ISO 4217, three capital letters"),
                field("coefficient", 2, .sint64, "at most 18 digits"),
                field("scale", 3, .uint32, "at most 18"),
            ]),
        message(
            "Date", "A day of the Gregorian calendar, years 1 to 9999.",
            [field("days", 1, .sint32, "since 1970-01-01")]),
    ]

    static let timestamp = protobufFile("timestamp", message: "Timestamp")
    static let duration = protobufFile("duration", message: "Duration")

    private static func message(
        _ name: String, _ doc: String, _ fields: [ProtoField]
    ) -> ProtoType {
        .message(
            ProtoMessage(
                name: name, comment: ProtoComment(doc: [doc]),
                members: fields.map(ProtoMessage.Member.field)))
    }

    private static func field(
        _ name: String, _ number: Int, _ type: ProtoScalar, _ rules: String = ""
    ) -> ProtoField {
        ProtoField(
            name: name, number: number, value: .scalar(type), jsonName: name,
            comment: ProtoComment(rules: rules))
    }

    /// Google's files for these types, with the options that they have in protobuf 3.21.
    private static func protobufFile(_ name: String, message: String) -> ProtoFile {
        ProtoFile(
            path: "google/protobuf/\(name).proto", package: "google.protobuf",
            types: [
                .message(
                    ProtoMessage(
                        name: message,
                        members: [
                            .field(field("seconds", 1, .int64)), .field(field("nanos", 2, .int32)),
                        ]))
            ],
            options: [
                .text(1, "com.google.protobuf"),  // java_package
                .text(8, "\(message)Proto"),  // java_outer_classname
                .flag(10),  // java_multiple_files
                .text(11, "google.golang.org/protobuf/types/known/\(name)pb"),  // go_package
                .flag(31),  // cc_enable_arenas
                .text(36, "GPB"),  // objc_class_prefix
                .text(37, "Google.Protobuf.WellKnownTypes"),  // csharp_namespace
            ])
    }
}

public import Wire

/// The rules of the wire format in words, and what to do about bytes that break one (wire.md §7).
public enum WireRule {
    /// What a rule says; for bytes that are not protobuf at all, what protobuf says.
    public static func text(_ rule: Int?) -> String {
        switch rule {
        case 1: "records ascend by field number, unknown ones included"
        case 2: "a singular field stands there at most once"
        case 3: "a zero without '?' is not written"
        case 4: "a 'T?' is written whenever it is set"
        case 5: "varints are minimal; a bool is 0 or 1; 32-bit values fit"
        case 6: "a packable list is exactly one non-empty packed record"
        case 7: "map entries ascend strictly by key; an entry is exactly a key, then a value"
        case 8: "strings are valid UTF-8"
        case 9: "a oneof has at most one member, a union at most one record"
        case 10: "every value is in the domain of its type"
        case 11: "unknown records have a number of at most 536,870,911 and are minimal"
        case 12: "a known field has the wire type of its type"
        case 13: "depth, memory and unknown bytes are within limits"
        case 14: "every @required message-typed field and oneof is present"
        default: "the bytes are records of a tag and a value, each whole"
        }
    }

    private static let frame = " A gRPC frame's first five bytes are not part of it."

    /// What to do about an error.
    public static func advice(_ code: WireError.Code, _ door: Door) -> String {
        switch code {
        case .truncated, .lengthExceedsRecord:
            "bytes are missing: was all of the message captured?" + frame
        case .varintTooLong, .invalidTag, .partialElement:
            "these are not the bytes of such a message: check the type." + frame
        case .outOfDomain, .foreignRecord:
            "the sender wrote a value that the type cannot hold"
        case .invalidUTF8: "the sender wrote other text than UTF-8; 'bytes' is the type for that"
        case .wrongWireType:
            "the sender has another type for this field: compare both with 'schemac breaking'"
        case .unknownNumber:
            "field numbers end at 536,870,911: these are not the bytes of a message"
        case .tooDeep, .heapExceeded, .unknownExceeded, .tooLarge:
            "send less, or read it with a schema that knows the fields"
        case .missingRequired:
            "the sender must set it; it may have been optional in an older schema"
        case .outOfOrder, .repeated, .zeroWritten, .notMinimal, .valueTooWide, .notPacked,
            .emptyPacked, .mapOrder, .mapEntry, .secondMember:
            door == .strict
                ? "protobuf allows it, the canonical encoding does not: see the value without --strict"
                : "these are not the bytes of such a message: check the type"
        }
    }
}

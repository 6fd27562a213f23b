/// Why bytes are not a message: a code, the rule of the wire format that it breaks, and the place.
public struct WireError: Error, Hashable {
    /// What is wrong.
    public enum Code: UInt8, Error, CaseIterable {
        /// The input ends inside a record.
        case truncated
        /// A varint is longer than ten bytes, or than 64 bits.
        case varintTooLong
        /// Wire types 3, 4, 6 and 7, and field number 0.
        case invalidTag
        /// A length that exceeds what is left of the enclosing record.
        case lengthExceedsRecord
        /// A packed record whose length is not a whole number of elements.
        case partialElement
        /// A fixed-size value type (money, timestamp, …) holds a record that it does not define.
        case foreignRecord
        /// R1: a record with a lower field number than the one before it.
        case outOfOrder
        /// R2: a singular field a second time.
        case repeated
        /// R3: a zero scalar without presence.
        case zeroWritten
        /// R5: a varint with superfluous bytes, or a bool that is neither 0 nor 1.
        case notMinimal
        /// R5: a value that does not fit in 32 bits.
        case valueTooWide
        /// R6: a packable list that is not one packed record.
        case notPacked
        /// R6: a packed record without elements.
        case emptyPacked
        /// R7: map keys that do not ascend strictly.
        case mapOrder
        /// R7: a map entry that is not exactly key, then value.
        case mapEntry
        /// R8: a string that is not UTF-8.
        case invalidUTF8
        /// R9: a second member of a oneof, or a second record of a union.
        case secondMember
        /// R10: a value outside the domain of its type.
        case outOfDomain
        /// R11: an unknown record with a field number over 536,870,911.
        case unknownNumber
        /// R12: a known field with another wire type than its own.
        case wrongWireType
        /// R13: messages nested deeper than the type allows.
        case tooDeep
        /// R13: decoding would allocate more than the limit.
        case heapExceeded
        /// R13: more bytes of unknown records than the limit.
        case unknownExceeded
        /// R13: more bytes than the limit of the method.
        case tooLarge
        /// R14: a required message-typed field or oneof is absent.
        case missingRequired
    }

    /// What kind of failure it is, which decides the status of a call.
    public enum Category: Sendable {
        /// Not protobuf at all, or not canonical where only canonical bytes are taken.
        case malformed
        /// Over a limit.
        case limit
        /// Something required is missing.
        case missing
    }

    public let code: Code
    /// The byte at which it shows; for `missingRequired` the start of the incomplete message.
    public let offset: Int
    /// The number of the missing field, for `missingRequired`; else 0.
    public let field: Int
    /// The field, such as `/attributes[1]/value`; empty if the message itself is meant.
    public internal(set) var path = ""

    @usableFromInline
    init(_ code: Code, offset: Int, field: Int = 0) {
        self.code = code
        self.offset = offset
        self.field = field
    }

    public var category: Category {
        switch code {
        case .missingRequired: .missing
        case .tooDeep, .heapExceeded, .unknownExceeded, .tooLarge: .limit
        default: .malformed
        }
    }

    /// The number of the rule that is broken, 1 to 14; nil if the bytes are not even protobuf.
    public var rule: Int? {
        switch code {
        case .truncated, .varintTooLong, .invalidTag, .lengthExceedsRecord, .partialElement: nil
        case .outOfOrder: 1
        case .repeated: 2
        case .zeroWritten: 3
        case .notMinimal, .valueTooWide: 5
        case .notPacked, .emptyPacked: 6
        case .mapOrder, .mapEntry: 7
        case .invalidUTF8: 8
        case .secondMember: 9
        case .outOfDomain, .foreignRecord: 10
        case .unknownNumber: 11
        case .wrongWireType: 12
        case .tooDeep, .heapExceeded, .unknownExceeded, .tooLarge: 13
        case .missingRequired: 14
        }
    }
}

extension WireError: CustomStringConvertible {
    /// Never holds values, so it may be logged and sent to a peer.
    public var description: String {
        let place = path.isEmpty ? "" : "\(path): "
        let broken = rule.map { " (R\($0))" } ?? ""
        return "\(place)\(text)\(broken) at byte \(offset)"
    }

    private var text: String {
        switch code {
        case .truncated: "the input ends inside a record"
        case .varintTooLong: "a varint is too long"
        case .invalidTag: "not a valid tag"
        case .lengthExceedsRecord: "a length exceeds the enclosing record"
        case .partialElement: "a packed list ends inside an element"
        case .foreignRecord: "a record that this type does not have"
        case .outOfOrder: "fields are not in ascending order"
        case .repeated: "the field is repeated"
        case .zeroWritten: "a zero is written that must be left out"
        case .notMinimal: "a number is not written in its shortest form"
        case .valueTooWide: "a number does not fit in 32 bits"
        case .notPacked: "the list is not one packed record"
        case .emptyPacked: "an empty list is written"
        case .mapOrder: "map keys do not ascend"
        case .mapEntry: "a map entry is not exactly a key and a value"
        case .invalidUTF8: "not UTF-8"
        case .secondMember: "more than one member of a oneof"
        case .outOfDomain: "the value is outside the domain of its type"
        case .unknownNumber: "a field number is too large"
        case .wrongWireType: "the field has another wire type"
        case .tooDeep: "nested too deeply"
        case .heapExceeded: "decoding needs more memory than allowed"
        case .unknownExceeded: "too many bytes of unknown fields"
        case .tooLarge: "the message is larger than allowed"
        case .missingRequired: "a required field is missing"
        }
    }
}

public import Wire

/// The `Idempotency-Key` field of the JSON face (draft-ietf-httpapi-idempotency-key-header): fills the
/// field of the message that makes repeats count once, if the body leaves it out.
extension Exchange {
    /// The caller's key; nil unless the method has a field for it.
    @usableFromInline
    var idempotencyKey: String? {
        guard contentType == .json, case .keyed = method.idempotency else { return nil }
        return header("idempotency-key")
    }
}

extension IncomingCall {
    /// Decodes a JSON request with this key in its field; INVALID_ARGUMENT if the body has another one.
    @usableFromInline
    borrowing func decode<Request: WireMessage>(
        as type: Request.Type, keyedBy key: String
    ) throws(RPCError) -> Request {
        let limit = exchange.method.maximumRequestBytes
        guard case .keyed(let path, _) = exchange.method.idempotency,
            let fields = Self.fields(on: path, of: Request.fields)
        else { return try Request(request: message, as: .json, limit: limit) }
        switch JSONKeyField.find(fields, in: message) {
        case .absent(let place):
            let body = place.filling(message, with: key)
            let decoded = body.withUnsafeBytes { bytes in
                Result { () throws(RPCError) in
                    try Request(request: bytes, as: .json, limit: limit)
                }
            }
            return try decoded.get()
        case .unreachable: return try Request(request: message, as: .json, limit: limit)
        case .present:
            let request = try Request(request: message, as: .json, limit: limit)
            if Self.text(at: path, in: request.encoded()) != key {
                let pointer = fields.map { "/" + $0.name }.joined()
                throw .invalid([
                    FieldViolation(
                        field: pointer, description: "differs from the idempotency-key header",
                        reason: "idempotency_key")
                ])
            }
            return request
        }
    }

    /// The fields that a path of numbers leads over; nil unless it ends at a text.
    private static func fields(on path: [Int], of table: FieldTable) -> [Field]? {
        var fields: [Field] = []
        var table: FieldTable? = table
        for number in path {
            guard let field = table?.fields.first(where: { $0.number == number }) else {
                return nil
            }
            fields.append(field)
            if case .message(let inner) = field.kind { table = inner() } else { table = nil }
        }
        guard case .string = fields.last?.kind else { return nil }
        return fields
    }

    private static func text(at path: [Int], in message: [UInt8]) -> String? {
        var bytes = message[...]
        for number in path {
            guard let field = ProtobufFields.read(bytes)?.last(where: { $0.number == number })
            else { return nil }
            bytes = field.bytes
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Finds a field in the text of a JSON object. Reads only as much of the grammar as that needs: what
/// is malformed is the decoder's to refuse.
enum JSONKeyField {
    /// Where a member is to be written.
    struct Place {
        /// What the new text replaces: nothing, or a `null`.
        let range: Range<Int>
        /// Nil if only the value is to be written.
        let name: String?
        /// Whether another member follows.
        let isFollowed: Bool

        func filling(_ body: UnsafeRawBufferPointer, with key: String) -> [UInt8] {
            var text = name.map { UnaryJSON.quote($0) + ":" } ?? ""
            text += UnaryJSON.quote(key)
            if isFollowed { text += "," }
            return Array(body[..<range.lowerBound]) + Array(text.utf8) + body[range.upperBound...]
        }
    }

    enum Finding {
        case absent(Place)
        case present
        /// The object that it belongs to is not there either.
        case unreachable
    }

    static func find(_ path: [Field], in body: UnsafeRawBufferPointer) -> Finding {
        var scanner = Scanner(bytes: body)
        for (index, field) in path.enumerated() {
            let isLast = index == path.count - 1
            guard scanner.enterObject() else { return .unreachable }
            let start = scanner.position
            let isFollowed = scanner.peek() != UInt8(ascii: "}")
            guard let found = scanner.seek(field) else { return .unreachable }
            if found {
                if !isLast { continue }
                guard scanner.isNull else { return .present }
                return .absent(
                    Place(
                        range: scanner.position..<scanner.position + 4, name: nil,
                        isFollowed: false))
            }
            if !isLast { return .unreachable }
            return .absent(
                Place(range: start..<start, name: field.jsonName, isFollowed: isFollowed))
        }
        return .unreachable
    }

    private struct Scanner {
        let bytes: UnsafeRawBufferPointer
        var position = 0

        mutating func peek() -> UInt8? {
            while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
                position += 1
            }
            return position < bytes.count ? bytes[position] : nil
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard peek() == byte else { return false }
            position += 1
            return true
        }

        mutating func enterObject() -> Bool { take(UInt8(ascii: "{")) }

        var isNull: Bool { bytes[position...].starts(with: "null".utf8) }

        /// Goes to the value of a member: true if it is there, false at the object's end, nil if the
        /// text is no object.
        mutating func seek(_ field: Field) -> Bool? {
            if peek() == UInt8(ascii: "}") { return false }
            while true {
                guard let name = text(), take(UInt8(ascii: ":")), peek() != nil else { return nil }
                if name.elementsEqual(field.jsonName.utf8) || name.elementsEqual(field.name.utf8) {
                    return true
                }
                guard skipValue() else { return nil }
                if take(UInt8(ascii: ",")) { continue }
                return peek() == UInt8(ascii: "}") ? false : nil
            }
        }

        /// A string literal's inside, as it stands there.
        mutating func text() -> UnsafeRawBufferPointer.SubSequence? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            let start = position
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\\"): position += 2
                case UInt8(ascii: "\""):
                    position += 1
                    return bytes[start..<position - 1]
                default: position += 1
                }
            }
            return nil
        }

        /// Leaves a value of any depth behind, without recursion.
        mutating func skipValue() -> Bool {
            var depth = 0
            repeat {
                guard let byte = peek() else { return false }
                switch byte {
                case UInt8(ascii: "\""):
                    guard text() != nil else { return false }
                case UInt8(ascii: "{"), UInt8(ascii: "["):
                    depth += 1
                    position += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"):
                    // At depth 0 it ends what is around a value that is missing.
                    if depth == 0 { return false }
                    depth -= 1
                    position += 1
                case UInt8(ascii: ","), UInt8(ascii: ":"):
                    if depth == 0 { return false }
                    position += 1
                default:
                    while position < bytes.count,
                        !Self.ends(bytes[position])
                    { position += 1 }
                }
            } while depth > 0
            return true
        }

        private static func ends(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "}"), UInt8(ascii: "]"),
                UInt8(ascii: "\""), UInt8(ascii: "{"), UInt8(ascii: "["), 0x20, 0x09, 0x0A, 0x0D:
                true
            default: false
            }
        }
    }
}

/// `grpc-status-details-bin`: a `google.rpc.Status` with the three details that we write and read.
package enum StatusDetails {
    private static let typePrefix = "type.googleapis.com/google.rpc."

    package static func encode(code: StatusCode, message: String, details: [ErrorDetail]) -> [UInt8]
    {
        var status = ProtobufFields()
        status.append(1, varint: UInt64(code.rawValue))
        status.append(2, message)
        for detail in details {
            var any = ProtobufFields()
            any.append(1, typePrefix + detail.typeName)
            any.append(2, bytes: detail.encoded)
            status.append(3, bytes: any.bytes)
        }
        return status.bytes
    }

    /// Details that cannot be read, and types that we do not know, are left out.
    package static func decode(_ bytes: [UInt8]) -> [ErrorDetail] {
        guard let status = ProtobufFields.read(bytes[...]) else { return [] }
        return status.filter { $0.number == 3 }.prefix(16).compactMap { field in
            guard let any = ProtobufFields.read(field.bytes),
                let url = any.last(where: { $0.number == 1 })?.text,
                let name = url.split(separator: "/").last
            else { return nil }
            return ErrorDetail(
                typeName: name.split(separator: ".").last ?? name,
                value: any.last { $0.number == 2 }?.bytes ?? [])
        }
    }
}

extension ErrorDetail {
    /// "BadRequest", "RetryInfo" or "ErrorInfo".
    package var typeName: String {
        switch self {
        case .badRequest: "BadRequest"
        case .retryInfo: "RetryInfo"
        case .errorInfo: "ErrorInfo"
        }
    }

    package var encoded: [UInt8] {
        var message = ProtobufFields()
        switch self {
        case .badRequest(let violations):
            for violation in violations {
                var entry = ProtobufFields()
                entry.append(1, violation.field)
                entry.append(2, violation.description)
                entry.append(3, violation.reason)
                message.append(1, bytes: entry.bytes)
            }
        case .retryInfo(let delay):
            let nanoseconds = max(0, delay.saturatedNanoseconds)
            var duration = ProtobufFields()
            duration.append(1, varint: UInt64(nanoseconds / 1_000_000_000))
            duration.append(2, varint: UInt64(nanoseconds % 1_000_000_000))
            message.append(1, bytes: duration.bytes)
        case .errorInfo(let reason, let domain, let metadata):
            message.append(1, reason)
            message.append(2, domain)
            for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
                var entry = ProtobufFields()
                entry.append(1, key)
                entry.append(2, value)
                message.append(3, bytes: entry.bytes)
            }
        }
        return message.bytes
    }

    init?(typeName: Substring, value: ArraySlice<UInt8>) {
        guard let fields = ProtobufFields.read(value) else { return nil }
        func text(_ number: Int, of fields: [ProtobufFields.Field]) -> String {
            fields.last { $0.number == number }?.text ?? ""
        }
        switch typeName {
        case "BadRequest":
            self = .badRequest(
                fields.filter { $0.number == 1 }.prefix(100).compactMap { field in
                    ProtobufFields.read(field.bytes).map { entry in
                        FieldViolation(
                            field: text(1, of: entry), description: text(2, of: entry),
                            reason: text(3, of: entry))
                    }
                })
        case "RetryInfo":
            let duration = fields.last { $0.number == 1 }.flatMap { ProtobufFields.read($0.bytes) }
            let seconds = duration?.last { $0.number == 1 }?.varint ?? 0
            let nanoseconds = duration?.last { $0.number == 2 }?.varint ?? 0
            guard seconds <= 315_576_000_000, nanoseconds < 1_000_000_000 else { return nil }
            self = .retryInfo(.seconds(Int64(seconds)) + .nanoseconds(Int64(nanoseconds)))
        case "ErrorInfo":
            var metadata: [String: String] = [:]
            for field in fields where field.number == 3 && metadata.count < 100 {
                guard let entry = ProtobufFields.read(field.bytes) else { return nil }
                metadata[text(1, of: entry)] = text(2, of: entry)
            }
            self = .errorInfo(
                reason: text(1, of: fields), domain: text(2, of: fields), metadata: metadata)
        default:
            return nil
        }
    }
}

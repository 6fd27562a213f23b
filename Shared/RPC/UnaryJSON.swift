internal import Wire

/// The JSON face: Connect's unary protocol. Here: how an error looks, and how it is read back.
package enum UnaryJSON {
    /// `{"code":…,"message":…,"details":[{"type":…,"value":…,"debug":…}]}`.
    package static func body(for error: RPCError) -> [UInt8] {
        var json = "{\"code\":\"\(error.code.jsonName)\",\"message\":\(quote(error.message))"
        let details = error.wireDetails
        if !details.isEmpty {
            let entries = details.map { detail in
                let value = String(
                    decoding: Base64.encode(detail.encoded, padded: false), as: UTF8.self)
                return "{\"type\":\"google.rpc.\(detail.typeName)\",\"value\":\"\(value)\","
                    + "\"debug\":\(debug(detail))}"
            }
            json += ",\"details\":[\(entries.joined(separator: ","))]"
        }
        return Array((json + "}").utf8)
    }

    /// The readable twin of a detail's value.
    private static func debug(_ detail: ErrorDetail) -> String {
        switch detail {
        case .badRequest(let violations):
            let entries = violations.map {
                "{\"field\":\(quote($0.field)),\"description\":\(quote($0.description))"
                    + ($0.reason.isEmpty ? "}" : ",\"reason\":\(quote($0.reason))}")
            }
            return "{\"fieldViolations\":[\(entries.joined(separator: ","))]}"
        case .retryInfo(let delay):
            let nanoseconds = max(0, delay.saturatedNanoseconds)
            let fraction = String(1_000_000_000 + nanoseconds % 1_000_000_000).dropFirst()
            return "{\"retryDelay\":\"\(nanoseconds / 1_000_000_000).\(fraction)s\"}"
        case .errorInfo(let reason, let domain, let metadata):
            var text = "{\"reason\":\(quote(reason)),\"domain\":\(quote(domain))"
            if !metadata.isEmpty {
                let entries = metadata.sorted { $0.key < $1.key }
                    .map { "\(quote($0.key)):\(quote($0.value))" }
                text += ",\"metadata\":{\(entries.joined(separator: ","))}"
            }
            return text + "}"
        }
    }

    /// A JSON string literal (RFC 8259 §7).
    package static func quote(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20:
                let code = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }

    /// The parts of a GET's query that the protocol defines.
    package struct Query {
        package var message: [UInt8]?
        /// What the message is encoded as; nil if that is not said.
        package var encoding: [UInt8]?
        package var isJSON: Bool { encoding?.elementsEqual("json".utf8) == true }
        package var isWellFormed = true

        package init(_ query: some Collection<UInt8>) {
            var base64 = false
            for pair in query.split(separator: UInt8(ascii: "&")) {
                let parts = pair.split(
                    separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                let value = parts.count == 2 ? StatusMessage.decodeQuery(parts[1]) : []
                switch String(decoding: parts[0], as: UTF8.self) {
                case "message": message = value
                case "encoding": encoding = value
                case "base64": base64 = value.elementsEqual("1".utf8)
                case "connect": if !value.elementsEqual("v1".utf8) { isWellFormed = false }
                default: isWellFormed = false
                }
            }
            if base64, let text = message {
                message = Base64.decode(text)
                if message == nil { isWellFormed = false }
            }
        }
    }
}

extension StatusMessage {
    /// Percent-decoding of a query, where a plus sign is a space.
    static func decodeQuery(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        var output: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "%"), position + 2 < bytes.count,
                let high = digit(bytes[position + 1]), let low = digit(bytes[position + 2])
            {
                output.append(high << 4 | low)
                position += 3
            } else {
                output.append(bytes[position] == UInt8(ascii: "+") ? 0x20 : bytes[position])
                position += 1
            }
        }
        return output
    }
}

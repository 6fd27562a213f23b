internal import Foundation
internal import Wire

/// A request that does not say what README.md asks for.
struct RequestError: Error {
    var kind = "request"
    let message: String
}

/// One line of input.
struct Request {
    /// Echoed in the reply.
    let id: Any?
    private let values: [String: Any]

    private static let keys: Set<String> = [
        "id", "schema", "files", "proto", "op", "type", "json", "jsonHex", "door", "hex", "limits",
        "validate",
    ]

    init(_ line: String) throws(RequestError) {
        guard let value = try? JSONSerialization.jsonObject(with: Data(line.utf8)),
            let values = value as? [String: Any]
        else { throw RequestError(message: "not a JSON object") }
        self.values = values
        id = values["id"]
        if let stray = values.keys.filter({ !Self.keys.contains($0) }).min() {
            throw RequestError(message: "unknown key '\(stray)'")
        }
    }

    var operation: String? { values["op"] as? String }
    var schema: String? { values["schema"] as? String }
    var files: [String: String]? { values["files"] as? [String: String] }

    func text(_ key: String) throws(RequestError) -> String {
        guard let text = values[key] as? String else {
            throw RequestError(message: "'\(key)' must be a string")
        }
        return text
    }

    func flag(_ key: String, default missing: Bool = false) -> Bool {
        values[key] as? Bool ?? missing
    }

    func bytes(_ key: String) throws(RequestError) -> [UInt8] {
        guard let bytes = Hex.decode(try text(key)) else {
            throw RequestError(message: "'\(key)' is not hex")
        }
        return bytes
    }

    /// The JSON document, as text or as bytes.
    func document() throws(RequestError) -> [UInt8] {
        values["jsonHex"] == nil ? Array(try text("json").utf8) : try bytes("jsonHex")
    }

    func door() throws(RequestError) -> Door {
        switch try text("door") {
        case "strict": return .strict
        case "tolerant": return .tolerant
        default: throw RequestError(message: "'door' must be strict or tolerant")
        }
    }

    func limits() throws(RequestError) -> DecodeLimits {
        var limits = DecodeLimits()
        guard let value = values["limits"] else { return limits }
        guard let given = value as? [String: Int] else {
            throw RequestError(message: "'limits' must be an object of integers")
        }
        for (name, limit) in given {
            if limit < 0 { throw RequestError(message: "limit '\(name)' is negative") }
            switch name {
            case "bytes": limits.bytes = limit
            case "heap": limits.heap = limit
            case "unknownBytes": limits.unknownBytes = limit
            case "depth": limits.depth = limit
            default: throw RequestError(message: "unknown limit '\(name)'")
            }
        }
        return limits
    }
}

enum Hex {
    static func encode(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil unless the text is an even number of digits.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for character in text {
            guard character.isASCII, let digit = character.hexDigitValue else { return nil }
            if let first = high {
                bytes.append(first << 4 | UInt8(digit))
                high = nil
            } else {
                high = UInt8(digit)
            }
        }
        return high == nil ? bytes : nil
    }
}

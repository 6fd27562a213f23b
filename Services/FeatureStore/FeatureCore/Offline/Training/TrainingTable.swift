internal import AssayMessages
internal import Crypto
internal import FeatureEngine
internal import Wire

/// Writes the rows of a training set, and keeps the digest of all of them.
struct TrainingTable {
    private let format: AssayFeaturesV1.TrainingFormat
    private let names: [String]
    /// How many of the names stand before the features.
    private let leading: Int
    private var csv = CSVWriter()
    private var json: [UInt8] = []
    private var hash = SHA256()
    private(set) var rows: UInt64 = 0

    /// - Parameter leading: the names before the features.
    init(_ format: AssayFeaturesV1.TrainingFormat, leading: [String], features: [String]) {
        self.format = format
        self.leading = leading.count
        names = leading + features
        guard format == .csv else { return }
        for name in names { csv.text(name) }
        csv.endRecord()
    }

    var byteCount: Int { format == .csv ? csv.bytes.count : json.count }

    mutating func add(_ leading: [String], _ values: [Double]) {
        rows += 1
        guard format == .csv else { return addJSON(leading, values) }
        for text in leading { csv.text(text) }
        for value in values { csv.number(value) }
        csv.endRecord()
    }

    private mutating func addJSON(_ leading: [String], _ values: [Double]) {
        json.append(UInt8(ascii: "{"))
        for (index, text) in leading.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            append(names[index])
            json.append(UInt8(ascii: ":"))
            append(text)
        }
        for (index, value) in values.enumerated() {
            if index + leading.count > 0 { json.append(UInt8(ascii: ",")) }
            append(names[self.leading + index])
            json.append(UInt8(ascii: ":"))
            var number = CSVWriter()
            number.number(value)
            json += number.bytes.isEmpty ? Array("null".utf8) : number.bytes
        }
        json += Array("}\n".utf8)
    }

    /// A JSON string (RFC 8259).
    private mutating func append(_ text: String) {
        json.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                json += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                json += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }

    /// Hands over what was written since the last call.
    mutating func take() -> [UInt8] {
        let bytes = format == .csv ? csv.take() : json
        json.removeAll(keepingCapacity: true)
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return bytes
    }

    /// SHA-256 of all that was taken.
    var digest: [UInt8] { Array(hash.finalize()) }
}

internal import AssayMessages
internal import Wire

/// What every record of the log says of its own place, whatever else it says: the first three
/// fields of decisions and of changes of the rules are the same.
struct ChainLink: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case decision, change

        init?(_ name: String) {
            switch name {
            case AssayRiskV1.DecisionRecord.fullName: self = .decision
            case AssayRiskV1.ChangeRecord.fullName: self = .change
            default: return nil
            }
        }
    }

    /// Why bytes have no place in the chain.
    struct Stranger: Error, CustomStringConvertible {
        var description: String
    }

    var kind: Kind
    var chain = ""
    var sequence: UInt64 = 0
    var previous: [UInt8] = []

    /// Reads the place out of a sealed record, without decoding the rest.
    init(_ record: SealedRecord) throws(Stranger) {
        guard let kind = Kind(record.name) else {
            throw Stranger(description: "the record is a \(record.name), which no log holds")
        }
        self.kind = kind
        do throws(WireError.Code) {
            try read(record)
        } catch {
            throw Stranger(description: "the record's place cannot be read: \(error)")
        }
    }

    private mutating func read(_ record: SealedRecord) throws(WireError.Code) {
        var scanner = RecordScanner(record.bytes, record.payloadRange)
        while let field = try scanner.next(), field.number <= 3 {
            let bytes = record.bytes[field.value..<field.end]
            switch (field.number, field.wireType) {
            case (1, 2): chain = String(decoding: bytes, as: UTF8.self)
            case (2, 0): sequence = field.varint
            case (3, 2): previous = Array(bytes)
            default: throw .wrongWireType
            }
        }
    }
}

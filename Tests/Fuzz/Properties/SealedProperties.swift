internal import Crypto
internal import GoldenMessages
internal import Wire

/// What must hold of any bytes that claim to be a sealed record.
///
/// No mutation finds a digest, so the first byte of the input may ask for it: 0 takes the bytes as they
/// are, 1 puts the right digest at their end, anything else seals them as a payload.
enum SealedProperties {
    typealias Record = TestEverythingV1.Sealed

    static func check(_ input: [UInt8]) throws(PropertyViolation) -> Bool {
        let bytes = Array(input.dropFirst())
        let candidate =
            switch input.first ?? 0 {
            case 0: bytes
            case 1: withDigest(bytes)
            default: record(of: bytes)
            }
        let record: SealedRecord
        do {
            record = try SealedRecord.verify(candidate)
        } catch {
            try require("sealed", !error.description.isEmpty, hex(candidate))
            return false
        }
        try require("sealed", record.bytes == candidate, hex(candidate))
        try require("sealed", rebuilt(record) == candidate, hex(candidate))
        try flip(candidate)
        try open(candidate, record)
        return true
    }

    /// What opens is the encoding of the value, so that sealing the value gives the record again.
    private static func open(
        _ bytes: [UInt8], _ record: SealedRecord
    ) throws(PropertyViolation) {
        let value: Record
        do {
            value = try SealedRecord.open(bytes, as: Record.self)
        } catch {
            try require("sealed", !error.description.isEmpty, hex(bytes))
            return
        }
        try require("sealed", value.encoded().elementsEqual(record.payload), hex(bytes))
        let again: SealedRecord
        do {
            again = try SealedRecord.seal(value)
        } catch {
            guard case .unknownField = error else {
                throw PropertyViolation(property: "sealed", detail: "\(error): \(hex(bytes))")
            }
            return
        }
        let isOfThisSchema = record.fingerprint == Record.fingerprint
        try require("sealed", again.bytes == bytes || !isOfThisSchema, hex(bytes))
    }

    /// P10, for one bit of some bytes in every part.
    private static func flip(_ bytes: [UInt8]) throws(PropertyViolation) {
        for index in Set([0, 4, 5, bytes.count / 2, bytes.count - 33, bytes.count - 1]) {
            var damaged = bytes
            damaged[index] ^= 1 << ((bytes[index] ^ UInt8(truncatingIfNeeded: index)) % 8)
            let isAccepted = (try? SealedRecord.verify(damaged)) != nil
            try require("P10", !isAccepted, "byte \(index) of \(hex(bytes))")
        }
    }

    // MARK: The layout, a second time

    private static func digest(_ body: ArraySlice<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: [0] + Array("assay.record.v1\0".utf8))
        hash.update(data: Array(body))
        return Array(hash.finalize())
    }

    private static func withDigest(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count >= 37 else { return bytes }
        let body = bytes[..<(bytes.count - 32)]
        return body + digest(body[5...])
    }

    private static func layout(
        _ name: [UInt8], _ fingerprint: [UInt8], _ payload: [UInt8]
    ) -> [UInt8] {
        let size = UInt32(truncatingIfNeeded: payload.count)
        let length = (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * UInt32($0))) }
        let name = [UInt8(truncatingIfNeeded: name.count)] + name
        let record = Array("ASY1".utf8) + [0] + name + fingerprint + length + payload
        return record + digest(record[5...])
    }

    private static func record(of payload: [UInt8]) -> [UInt8] {
        layout(Array(Record.fullName.utf8), Record.fingerprint.bytes, payload)
    }

    private static func rebuilt(_ record: SealedRecord) -> [UInt8] {
        layout(Array(record.name.utf8), record.fingerprint.bytes, Array(record.payload))
    }
}

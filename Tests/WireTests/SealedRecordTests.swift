import Crypto
import Testing

@testable public import Wire

extension AssessRequest: SealableMessage {
    public static let fingerprint = Fingerprint.zero
    public static let schemaText = ""
}

@Suite struct SealedRecordTests {
    let record: SealedRecord

    init() throws { record = try SealedRecord.seal(workedExample) }

    @Test func `the worked example is sealed as the format vector says`() throws {
        #expect(record.bytes.count == 206)
        #expect(
            record.digest.description
                == "dbefa3c057f82009f6a6471f8b12f26bae1a53d259d36bf132b86b91c64b11a6")
        #expect(Array(record.bytes[0..<6]) == Array("ASY1".utf8) + [0, 26])
    }

    @Test func `a record is verified and opened`() throws {
        let verified = try SealedRecord.verify(record.bytes)
        #expect(verified == record)
        #expect(verified.name == "bank.risk.v1.AssessRequest")
        #expect(Array(verified.payload) == workedBytes)
        #expect(try SealedRecord.open(record.bytes, as: AssessRequest.self) == workedExample)
    }

    @Test func `P10: every flipped bit and every truncation is detected`() {
        for index in record.bytes.indices {
            for bit in 0..<8 {
                var bytes = record.bytes
                bytes[index] ^= 1 << UInt8(bit)
                #expect(throws: SealError.self) { try SealedRecord.verify(bytes) }
            }
            #expect(throws: SealError.self) {
                try SealedRecord.verify(Array(record.bytes[..<index]))
            }
        }
        #expect(throws: SealError.malformed("there are bytes behind the digest", offset: 206)) {
            try SealedRecord.verify(record.bytes + [0])
        }
    }

    @Test func `a payload that is not canonical does not open, though its digest holds`() throws {
        let loose = try SealedRecord(
            name: AssessRequest.fullName, fingerprint: .zero, payload: workedBytes + hex("40 00"))
        #expect(try SealedRecord.verify(loose.bytes) == loose)
        #expect(throws: SealError.self) {
            try SealedRecord.open(loose.bytes, as: AssessRequest.self)
        }
    }

    @Test func `a record of another type does not open`() throws {
        let other = try SealedRecord(
            name: "bank.risk.v1.Device", fingerprint: .zero, payload: workedBytes)
        #expect(throws: SealError.wrongType("bank.risk.v1.Device")) {
            try SealedRecord.open(other.bytes, as: AssessRequest.self)
        }
    }

    @Test(arguments: [
        ("78 01", "/15"), ("2a 02 28 01", "/device/5"),
        ("32 07 0a 01 61 12 02 78 01", "/attributes/15"),
    ])
    func `unknown fields at any depth cannot be sealed`(extra: String, path: String) throws {
        var base = AssessRequest(amount: "1".money, occurredAt: .blank())
        base.requestID = "x"
        let value = try AssessRequest(decoding: base.encoded() + hex(extra), door: .strict)
        #expect(throws: SealError.unknownField(path)) { try SealedRecord.seal(value) }
    }

    @Test func `a commitment is the vector's`() throws {
        let salt = [UInt8](repeating: 0, count: 32)
        let commitment = try #require(
            Commitment.make(Array("DE89370400440532013000".utf8), salt: salt))
        #expect(
            Fingerprint(bytes: commitment)?.description
                == "5d9841e3c163b544ae19a0a3a68ae6d5506083a3ca3660bdab865f67fd036944")
        #expect(Commitment.make([], salt: [0]) == nil)
    }

    @Test func `the worked example has the hash of the format vector`() throws {
        let digest = Fingerprint(bytes: Array(SHA256.hash(data: workedBytes)))
        #expect(
            digest?.description
                == "e5d478120a4dc1ba67d45ba36c44b85e52a6e3170b77305eeaafc2a030119ac3")
    }
}

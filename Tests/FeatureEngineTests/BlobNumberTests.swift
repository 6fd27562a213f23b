import Testing

@testable import FeatureEngine

@Suite struct BlobNumberTests {
    /// Reads a number from the bytes of `range`, others behind it.
    func varint(_ bytes: [UInt8], _ range: Range<Int>? = nil) -> Result<UInt64, BlobError> {
        bytes.withUnsafeBufferPointer { bytes in
            var reader = BlobReader(UnsafeRawBufferPointer(bytes), range ?? bytes.indices)
            do throws(BlobError) {
                let value = try reader.varint()
                return reader.isAtEnd
                    ? .success(value) : .failure(reader.failure(.notCanonical))
            } catch {
                return .failure(error)
            }
        }
    }

    func written(_ body: (inout BlobWriter) -> Void) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 64) { bytes, count in
            var writer = BlobWriter(bytes)
            body(&writer)
            count = writer.count
        }
    }

    @Test("a number of any length reads as it was written")
    func lengths() throws {
        var random = SeededGenerator(seed: 3)
        for bits in 0..<64 {
            let random = UInt64.random(in: 0...UInt64.max, using: &random)
            for value in [1 << UInt64(bits), 1 << UInt64(bits) - 1, random >> UInt64(bits), .max] {
                let bytes = written { $0.varint(value) }
                #expect(bytes.count == max(1, (70 - value.leadingZeroBitCount) / 7))
                #expect(try varint(bytes).get() == value)
                for end in 0..<bytes.count {
                    #expect(throws: BlobError.self) { try varint(bytes, 0..<end).get() }
                }
            }
        }
        let fixed = written { $0.fixed(0x0102_0304_0506_0708 as UInt64) }
        #expect(fixed == [8, 7, 6, 5, 4, 3, 2, 1])
    }

    @Test(
        "a longer form than needed is refused, whatever its length",
        arguments: [[0x80, 0], [0xFF, 0], [0x80, 0x80, 0], [0xFF, 0xFF, 0x80, 0]] as [[UInt8]])
    func forms(bytes: [UInt8]) {
        #expect(varint(bytes) == .failure(BlobError(reason: .notMinimal, offset: bytes.count)))
    }

    @Test("a number over 64 bits is refused")
    func overflow() {
        let ten = [UInt8](repeating: 0xFF, count: 9)
        #expect(varint(ten + [1]) == .success(.max))
        #expect(throws: BlobError.self) { try varint(ten + [2]).get() }
        #expect(throws: BlobError.self) { try varint(ten + [0x81, 0]).get() }
    }

    @Test("a number never takes bytes from behind its section")
    func sections() {
        let bytes: [UInt8] = [0x81, 0x01, 0x82, 0x82, 0x01]
        #expect(throws: BlobError.self) { try varint(bytes, 0..<1).get() }
        #expect(throws: BlobError.self) { try varint(bytes, 2..<4).get() }
        #expect(throws: BlobError.self) { try varint(bytes, 5..<5).get() }
        #expect(varint(bytes, 0..<2) == .success(129))
    }
}

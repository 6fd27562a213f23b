import Testing
import Wire

@Suite("Base64")
struct Base64Tests {
    @Test("base64 reads both alphabets, padded or not, and refuses the rest")
    func base64() {
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ 200) }
            #expect(Base64.decode(Base64.encode(bytes, padded: false)) == bytes)
            #expect(Base64.decode(Base64.encode(bytes, padded: true)) == bytes)
        }
        func decode(_ text: String) -> [UInt8]? { Base64.decode(Array(text.utf8)) }
        #expect(decode("+/8=") == [0xFB, 0xFF])
        #expect(decode("-_8") == [0xFB, 0xFF])
        for bad in ["A", "AA=", "AAA==", "AA==A", "A*==", "====", "AAAA=", "AB"] {
            #expect(decode(bad) == nil, "\(bad)")
        }
    }
}

import Testing

@testable import ModelCore

@Suite("Shares of memory")
struct ModelShareTests {
    @Test("what models may take follows from what the process may use")
    func shares() {
        let small = ModelShares(ofMemory: 1 << 30)
        #expect(small.shelf.bytes == 256 << 20)
        #expect(small.largestUpload * 5 + 64 << 20 <= 512 << 20)
        #expect(small.largestUpload > 80 << 20)
        let large = ModelShares(ofMemory: 64 << 30)
        #expect(large.shelf.bytes == 4 << 30 && large.largestUpload == 512 << 20)
        #expect(ModelShares(ofMemory: 128 << 20).largestUpload == 32 << 20)
    }
}

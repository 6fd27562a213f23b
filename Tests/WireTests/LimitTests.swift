import Testing

@testable import Wire

@Suite struct LimitTests {
    private func code(_ limits: DecodeLimits, _ bytes: [UInt8], _ door: Door) -> WireError.Code? {
        do {
            _ = try Sampler(decoding: bytes, door: door, limits: limits)
            return nil
        } catch {
            #expect(error.category == .limit)
            return error.code
        }
    }

    @Test(arguments: [Door.strict, .tolerant])
    func `a message over the byte limit is refused before it is read`(door: Door) {
        let bytes = Sampler(choice: .word("0123456789")).encoded()
        #expect(code(DecodeLimits(bytes: bytes.count), bytes, door) == nil)
        #expect(code(DecodeLimits(bytes: bytes.count - 1), bytes, door) == .tooLarge)
    }

    @Test(arguments: [Door.strict, .tolerant])
    func `strings, lists and maps are charged against the heap limit`(door: Door) {
        var sampler = Sampler(choice: .word(""))
        sampler.numbers = [UInt32](repeating: 1, count: 1000)
        let block = WireReader.blockOverhead
        #expect(code(DecodeLimits(heap: 3999 + block), sampler.encoded(), door) == .heapExceeded)
        #expect(code(DecodeLimits(heap: 4000 + block), sampler.encoded(), door) == nil)
        let text = Sampler(choice: .word(String(repeating: "x", count: 100)))
        #expect(code(DecodeLimits(heap: 99 + block), text.encoded(), door) == .heapExceeded)
        var devices = Sampler(choice: .word(""))
        devices.devices = [Device](repeating: Device(), count: 100)
        let need = 100 * MemoryLayout<Device>.stride + block
        #expect(code(DecodeLimits(heap: need - 1), devices.encoded(), door) == .heapExceeded)
        #expect(code(DecodeLimits(heap: need), devices.encoded(), door) == nil)
    }

    @Test(arguments: [Door.strict, .tolerant])
    func `unknown records are limited in the whole message`(door: Door) {
        let bytes = hex("d2 01 00") + hex("fa 7d 08") + [UInt8](repeating: 1, count: 8)
        #expect(code(DecodeLimits(unknownBytes: 11), bytes, door) == nil)
        #expect(code(DecodeLimits(unknownBytes: 10), bytes, door) == .unknownExceeded)
    }

    @Test func `nesting is limited by the depth of the type`() throws {
        var sampler = Sampler(choice: .word(""))
        for _ in 0..<4 {
            var parent = Sampler(choice: .word(""))
            parent.children = [sampler]
            sampler = parent
        }
        #expect(try Sampler(decoding: sampler.encoded(), door: .strict) == sampler)
        var parent = Sampler(choice: .word(""))
        parent.children = [sampler]
        #expect(code(DecodeLimits(), parent.encoded(), .strict) == .tooDeep)
        #expect(code(DecodeLimits(), parent.encoded(), .tolerant) == .tooDeep)
        #expect(code(DecodeLimits(depth: 3), sampler.encoded(), .strict) == .tooDeep)
    }

    @Test func `a chain of thousands of nested messages is refused, not followed`() {
        // Each level: children, out of order behind a later field, so that the tolerant door rewrites it.
        var bytes = hex("d2 01 00")
        for _ in 0..<2000 {
            var header: [UInt8] = []
            RecordScanner.append(UInt64(bytes.count), to: &header)
            bytes = hex("d2 01 00 ca 01") + header + bytes
        }
        #expect(code(DecodeLimits(), bytes, .tolerant) == .tooDeep)
    }

    @Test func `a length claim reserves nothing`() {
        // 2^31-1 bytes of packed doubles are claimed, eight are there.
        let bytes = hex("82 02 ff ff ff ff 07 00 00 00 00 00 00 00 00")
        #expect(throws: WireError.self) { try Sampler(decoding: bytes, door: .strict) }
        #expect(throws: WireError.self) { try Sampler(decoding: bytes, door: .tolerant) }
    }

    @Test(arguments: [Door.strict, .tolerant])
    func `every truncation and every flipped bit of the worked example is survived`(door: Door) {
        for count in 0..<workedBytes.count {
            let whole = try? AssessRequest(decoding: workedBytes[..<count], door: door)
            if let whole { #expect(whole != workedExample) }
        }
        for index in workedBytes.indices {
            for bit in 0..<8 {
                var bytes = workedBytes
                bytes[index] ^= 1 << UInt8(bit)
                if let value = try? AssessRequest(decoding: bytes, door: door) {
                    #expect(door == .tolerant || value != workedExample)
                }
            }
        }
    }

    @Test func `slices and raw buffers decode like arrays`() throws {
        let framed: [UInt8] = [1, 2, 3] + workedBytes + [4]
        #expect(try AssessRequest(decoding: framed[3..<109], door: .strict) == workedExample)
        let decoded = try workedBytes.withUnsafeBytes { raw in
            try AssessRequest(decoding: raw, door: .strict)
        }
        #expect(decoded == workedExample)
        #expect(
            try Device(decoding: UnsafeRawBufferPointer(start: nil, count: 0), door: .strict)
                == Device())
        #expect(try Device(decoding: [UInt8](), door: .tolerant) == Device())
    }
}

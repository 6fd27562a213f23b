/// Growing memory for the output of one `drain`. Kept for the next one unless it grew large.
struct OutputBuffer {
    private static let maximumKept = 256 << 10

    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        if count + bytes.count > capacity { grow(to: count + bytes.count) }
        // `grow` has made sure that there is memory.
        memory.unsafelyUnwrapped.advanced(by: count).copyMemory(
            from: source, byteCount: bytes.count)
        count += bytes.count
    }

    private mutating func grow(to minimum: Int) {
        capacity = max(minimum, capacity * 2, 8192)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        if let memory {
            larger.copyMemory(from: memory, byteCount: count)
            memory.deallocate()
        }
        memory = larger
    }

    mutating func removeAll() {
        if capacity > Self.maximumKept { deallocate() }
        count = 0
    }

    mutating func deallocate() {
        memory?.deallocate()
        memory = nil
        capacity = 0
        count = 0
    }
}

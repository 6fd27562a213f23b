/// Where a connection gathers the header block that it is reading: blocks do not interleave
/// (RFC 9113 §4.3), so one piece of memory serves all. Freed by its owner.
struct HeaderScratch {
    private var memory: UnsafeMutableRawPointer
    private var capacity = 1024
    private var size = 0
    /// Fields that are stored.
    private(set) var count = 0
    private var skipped = 0
    private(set) var listSize = 0
    /// Of these, what the soft limit does not count.
    var targetBytes = 0
    private var isOverSoftLimit = false

    init() { memory = .allocate(byteCount: 1024, alignment: 8) }

    func deallocate() { memory.deallocate() }

    mutating func removeAll() {
        size = 0
        count = 0
        skipped = 0
        listSize = 0
        targetBytes = 0
        isOverSoftLimit = false
    }

    /// Counts a field without storing it.
    mutating func skip(nameCount: Int, valueCount: Int) {
        listSize += nameCount + valueCount + 32
        skipped += 1
        isOverSoftLimit = true
    }

    /// All fields; each crumb of a cookie is one.
    var fieldCount: Int { count + skipped }

    mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let end = size + 8 + name.count + value.count
        if end > capacity { grow(to: end) }
        let field = memory + size
        field.storeBytes(of: UInt32(truncatingIfNeeded: name.count).littleEndian, as: UInt32.self)
        field.storeBytes(
            of: UInt32(truncatingIfNeeded: value.count).littleEndian, toByteOffset: 4,
            as: UInt32.self)
        if let bytes = name.baseAddress {
            (field + 8).copyMemory(from: bytes, byteCount: name.count)
        }
        if let bytes = value.baseAddress {
            (field + 8 + name.count).copyMemory(from: bytes, byteCount: value.count)
        }
        size = end
        count += 1
        listSize += name.count + value.count + 32
    }

    private mutating func grow(to minimum: Int) {
        capacity = max(minimum, capacity * 2)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        larger.copyMemory(from: memory, byteCount: size)
        memory.deallocate()
        memory = larger
    }

    /// `:status` comes first and starts with a one: a 1xx response.
    var isInformational: Bool {
        size > 15 && memory.load(fromByteOffset: 15, as: UInt8.self) == UInt8(ascii: "1")
    }

    /// The block as a value of its own: one allocation.
    var block: HeaderBlock {
        let arena = [UInt8](UnsafeRawBufferPointer(start: memory, count: size))
        return HeaderBlock(
            arena: arena, count: count, listSize: listSize, isOverSoftLimit: isOverSoftLimit)
    }
}

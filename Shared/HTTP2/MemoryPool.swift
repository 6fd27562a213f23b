internal import CNghttp2
internal import Glibc

/// Memory for the library's small objects (streams, frames to send), which come and go with every
/// call and in batches: freed blocks are kept by size and handed out again.
///
/// Each block has 16 bytes in front of it that hold its size class.
struct MemoryPool {
    private static let granularity = 64
    private static let classes = 16
    private static let header = 16
    /// Free blocks are given back beyond this many bytes.
    private static let maximumKept = 1 << 20

    /// Per size class the first free block; a free block's first word is the next one.
    private let free: UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private var kept = 0

    init() {
        free = .allocate(capacity: Self.classes)
        free.initialize(repeating: nil, count: Self.classes)
    }

    func deallocate() {
        for index in 0..<Self.classes {
            var block = free[index]
            while let current = block {
                block = current.load(as: UnsafeMutableRawPointer?.self)
                Glibc.free(current - Self.header)
            }
        }
        free.deallocate()
    }

    /// Nil if there is no memory, as with `malloc`.
    mutating func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        let index = max(0, size - 1) / Self.granularity
        if index < Self.classes, let block = free[index] {
            free[index] = block.load(as: UnsafeMutableRawPointer?.self)
            kept -= (index + 1) * Self.granularity
            return block
        }
        let capacity = index < Self.classes ? (index + 1) * Self.granularity : size
        guard capacity <= .max - Self.header, let memory = malloc(capacity + Self.header) else {
            return nil
        }
        memory.storeBytes(of: index, as: Int.self)
        memory.storeBytes(of: capacity, toByteOffset: 8, as: Int.self)
        return memory + Self.header
    }

    mutating func release(_ block: UnsafeMutableRawPointer) {
        let index = (block - Self.header).load(as: Int.self)
        let capacity = Self.capacity(of: block)
        guard index < Self.classes, kept + capacity <= Self.maximumKept else {
            return Glibc.free(block - Self.header)
        }
        block.storeBytes(of: free[index], as: UnsafeMutableRawPointer?.self)
        free[index] = block
        kept += capacity
    }

    private static func capacity(of block: UnsafeMutableRawPointer) -> Int {
        (block - header).load(fromByteOffset: 8, as: Int.self)
    }

    /// The pool as the library wants it: four functions and the pool's address.
    static func functions(of pool: UnsafeMutablePointer<MemoryPool>) -> nghttp2_mem {
        nghttp2_mem(
            mem_user_data: UnsafeMutableRawPointer(pool),
            malloc: { size, pool in MemoryPool.at(pool).pointee.allocate(size) },
            free: { block, pool in
                if let block { MemoryPool.at(pool).pointee.release(block) }
            },
            calloc: { count, size, pool in
                let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
                guard !overflow, let block = MemoryPool.at(pool).pointee.allocate(bytes) else {
                    return nil
                }
                memset(block, 0, bytes)
                return block
            },
            realloc: { block, size, pool in
                guard let block else { return MemoryPool.at(pool).pointee.allocate(size) }
                let capacity = MemoryPool.capacity(of: block)
                if size <= capacity { return block }
                guard let larger = MemoryPool.at(pool).pointee.allocate(size) else { return nil }
                memcpy(larger, block, capacity)
                MemoryPool.at(pool).pointee.release(block)
                return larger
            })
    }

    private static func at(_ pool: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<MemoryPool> {
        // The library hands back what `functions` gave it.
        pool.unsafelyUnwrapped.assumingMemoryBound(to: MemoryPool.self)
    }
}

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The one piece of memory that a compiled forest is served from: sections on cache lines, written
/// once while it is built, read only ever after. A large one is mapped by itself, so that releasing
/// it gives the memory back.
///
/// Sendable without a lock: `init` is over before anyone else sees the block, nothing writes to it
/// later, and `deinit` runs after the last reader let go.
final class ForestBlock: @unchecked Sendable {
    private static let lineBytes = 64
    private static let smallestMapping = 1 << 20

    private let memory: UnsafeMutableRawPointer
    private let isMapped: Bool
    let byteCount: Int

    /// Where a section's elements lie.
    struct Section<Element>: Sendable {
        fileprivate let offset: Int
        let count: Int
    }

    /// Takes sections in order, then makes the block of them.
    struct Builder {
        fileprivate var byteCount = 0
        fileprivate var writes: [(UnsafeMutableRawPointer) -> Void] = []

        mutating func add<Element: BitwiseCopyable>(_ elements: [Element]) -> Section<Element> {
            let section = Section<Element>(offset: byteCount, count: elements.count)
            let bytes = elements.count * MemoryLayout<Element>.stride
            byteCount += (bytes + lineBytes - 1) / lineBytes * lineBytes
            writes.append { memory in
                let start = (memory + section.offset).bindMemory(
                    to: Element.self, capacity: elements.count)
                elements.withUnsafeBufferPointer { source in
                    guard let first = source.baseAddress else { return }
                    start.initialize(from: first, count: source.count)
                }
            }
            return section
        }
    }

    init(_ builder: Builder) {
        byteCount = max(builder.byteCount, Self.lineBytes)
        var mapping: UnsafeMutableRawPointer?
        if byteCount >= Self.smallestMapping {
            mapping = mmap(
                nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            if mapping == MAP_FAILED { mapping = nil }
        }
        isMapped = mapping != nil
        memory =
            mapping
            ?? .allocate(byteCount: byteCount, alignment: Self.lineBytes)
        for write in builder.writes { write(memory) }
        if isMapped { mprotect(memory, byteCount, PROT_READ) }
    }

    deinit {
        if isMapped { munmap(memory, byteCount) } else { memory.deallocate() }
    }

    /// Valid for as long as the block is held. The section was bound to its type when it was written.
    @inline(__always)
    func start<Element: BitwiseCopyable>(of section: Section<Element>) -> UnsafePointer<Element> {
        UnsafePointer((memory + section.offset).assumingMemoryBound(to: Element.self))
    }
}

internal import NIOCore

/// How a channel gets memory to read into: enough for what came lately, and none of it while nothing
/// comes. NIO's own allocators keep the last buffer, up to the largest, for as long as a connection
/// lives; there may be thousands of idle ones.
///
/// Goes with one read per readiness (`maxMessagesPerRead` 1).
struct ReadBuffers: RecvByteBufferAllocator {
    /// NIO does keep the first buffer: enough for a hello or a preface.
    private static let firstBytes = 512

    private var sizes = AdaptiveRecvByteBufferAllocator(
        minimum: 2048, initial: 16_384, maximum: 262_144)
    private var isFirst = true

    /// Nil: buffers are not to be used again.
    func nextBufferSize() -> Int? { nil }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        isFirst ? allocator.buffer(capacity: Self.firstBytes) : sizes.buffer(allocator: allocator)
    }

    /// True: a new buffer is wanted for the next read.
    mutating func record(actualReadBytes: Int) -> Bool {
        if !isFirst { _ = sizes.record(actualReadBytes: actualReadBytes) }
        isFirst = false
        return true
    }
}

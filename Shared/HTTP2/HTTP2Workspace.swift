/// What the sessions of one thread share, because only one of them works at a time: the fields and
/// the output that are being put together, and the library's memory.
///
/// Not thread-safe: all its sessions are used, and end, on one thread.
public final class HTTP2Workspace {
    let fields: UnsafeMutablePointer<FieldBuffer>
    let output: UnsafeMutablePointer<OutputBuffer>
    let memory: UnsafeMutablePointer<MemoryPool>

    // Behind pointers of our own: they are used in every callback, where a checked access to a
    // class's property is a noticeable part of the cost.

    public init() {
        fields = .allocate(capacity: 1)
        fields.initialize(to: FieldBuffer())
        output = .allocate(capacity: 1)
        output.initialize(to: OutputBuffer())
        memory = .allocate(capacity: 1)
        memory.initialize(to: MemoryPool())
    }

    deinit {
        fields.pointee.deallocate()
        fields.deallocate()
        output.pointee.deallocate()
        output.deallocate()
        memory.pointee.deallocate()
        memory.deallocate()
    }
}

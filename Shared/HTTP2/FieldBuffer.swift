internal import CNghttp2
internal import Glibc

/// Room for the field array that the library takes, kept between calls. Freed by its owner.
struct FieldBuffer {
    private var storage: UnsafeMutablePointer<nghttp2_nv>
    private var capacity = 64
    private(set) var count = 0

    init() { storage = .allocate(capacity: 64) }

    func deallocate() { storage.deallocate() }

    mutating func removeAll() { count = 0 }

    /// Adds a field whose text lives as long as the process: the library need not copy it.
    mutating func append(_ name: StaticString, _ value: StaticString) {
        append(
            nghttp2_nv(
                name: UnsafeMutablePointer(mutating: name.utf8Start),
                value: UnsafeMutablePointer(mutating: value.utf8Start),
                namelen: name.utf8CodeUnitCount, valuelen: value.utf8CodeUnitCount,
                flags: UInt8(
                    NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue))
        )
    }

    /// Adds a field; the bytes must stay until the block has been submitted.
    mutating func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        append(
            nghttp2_nv(
                name: Self.bytes(name), value: Self.bytes(value), namelen: name.count,
                valuelen: value.count,
                flags: Self.isNeverRepeated(name) ? UInt8(NGHTTP2_NV_FLAG_NO_INDEX.rawValue) : 0))
    }

    /// Fields whose values are another one in each call. In the table of the compression they would
    /// cost an entry each time, and push out those that do come again.
    private static func isNeverRepeated(_ name: UnsafeRawBufferPointer) -> Bool {
        func named(_ expected: StaticString) -> Bool {
            name.baseAddress.map { memcmp($0, expected.utf8Start, name.count) == 0 } ?? false
        }
        return switch name.count {
        case 11: named("traceparent")
        case 12: named("grpc-timeout")
        case 16: named("assay-request-id")
        case 18: named("connect-timeout-ms")
        default: false
        }
    }

    /// The library only reads through these, though its type says otherwise.
    private static func bytes(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty)
    }

    /// Something to point at for an empty value.
    private static var empty: UnsafePointer<UInt8> { ("" as StaticString).utf8Start }

    private mutating func append(_ field: nghttp2_nv) {
        if count == capacity {
            let larger = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: storage, count: count)
            storage.deallocate()
            storage = larger
            capacity *= 2
        }
        (storage + count).initialize(to: field)
        count += 1
    }

    var pointer: UnsafePointer<nghttp2_nv> { UnsafePointer(storage) }
}

internal import FuzzProperties

@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: OpaquePointer, _ arguments: OpaquePointer) -> CInt {
    FuzzTarget.tolerant.writeSeeds()
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTarget.tolerant.fuzz(UnsafeBufferPointer(start: start, count: count))
    return 0
}

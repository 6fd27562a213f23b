internal import FuzzProperties
internal import ModelProperties

@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: OpaquePointer, _ arguments: OpaquePointer) -> CInt {
    ModelFuzzTarget.xgboostUBJSON.writeSeeds()
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    ModelFuzzTarget.xgboostUBJSON.fuzz(UnsafeBufferPointer(start: start, count: count))
    return 0
}

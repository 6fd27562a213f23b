internal import FuzzProperties
internal import RuleProperties

@_cdecl("LLVMFuzzerInitialize")
public func initialize(_ count: OpaquePointer, _ arguments: OpaquePointer) -> CInt {
    RuleFuzzTarget.packs.writeSeeds()
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    RuleFuzzTarget.packs.fuzz(UnsafeBufferPointer(start: start, count: count))
    return 0
}

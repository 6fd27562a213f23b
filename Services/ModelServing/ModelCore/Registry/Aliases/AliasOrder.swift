/// A move of an alias as somebody orders it.
struct AliasOrder: Sendable {
    var alias: String
    var version: UInt32
    var reason: String
    /// Who proved to be so, and whom they say they act for.
    var mover: String
    var statedMover: String
    var ticket: String
    var isRollback = false
}

/// Lets an expectation call a value's mutating methods.
final class Held<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}

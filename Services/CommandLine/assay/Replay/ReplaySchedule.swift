/// Hands out the payments of a stream to several workers, so that no customer has two in flight:
/// then each customer's payments are decided in the order in which they happened.
struct ReplaySchedule: Sendable {
    private let customers: [Int]
    private var position = 0
    /// Customers with a payment in flight, and the payments that wait for it.
    private var busy: [Int: [Int]] = [:]

    /// - Parameter customers: The customer of each payment, in the order of the stream.
    init(customers: [Int]) {
        self.customers = customers
    }

    /// The next payment whose customer has none in flight; nil when only waiting ones are left,
    /// which the workers that are busy with those customers will be given.
    mutating func next() -> Int? {
        while position < customers.count {
            let payment = position
            position += 1
            if busy[customers[payment]] == nil {
                busy[customers[payment]] = []
                return payment
            }
            busy[customers[payment]]?.append(payment)
        }
        return nil
    }

    /// The payment is decided: its customer's next one, or else any other.
    mutating func next(after payment: Int) -> Int? {
        let customer = customers[payment]
        guard var waiting = busy[customer], !waiting.isEmpty else {
            busy[customer] = nil
            return next()
        }
        let following = waiting.removeFirst()
        busy[customer] = waiting
        return following
    }
}

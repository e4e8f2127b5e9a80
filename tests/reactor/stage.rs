//! The application of the tests: its protocols do what a script says and record every callback.

use herd::transport::{
    Action, Application, ConnectionId, Context, FileEvent, FileId, Lost, Meters, Monotonic, Now,
    PeerInfo, Protocol, Signal,
};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::Sender;

/// A callback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Made,
    Data(Vec<u8>),
    Ended,
    Room,
    Timer,
    Woken,
    Stopping,
    /// With the cause as `Debug` shows it.
    Lost(String),
    /// The application's own time has come.
    Alarm,
    /// What came of listening, as `Debug` shows it; an address that is bound is noted.
    Listening(bool),
    /// What came of a file, as `Debug` shows it.
    File(FileId, String),
}

/// A callback and its circumstances.
#[derive(Debug, Clone)]
pub struct Call {
    /// None for the application's own.
    pub id: Option<ConnectionId>,
    pub event: Event,
    /// The time of the turn.
    pub at: Monotonic,
}

/// The ports that tests listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// From the start.
    First,
    /// For those who ask for it.
    Second,
}

/// What a protocol does in its callbacks.
pub type Script = Box<dyn FnMut(&mut Context<'_, Stage>, &Event) + Send>;

/// The application of the tests.
pub struct Stage {
    calls: Sender<Call>,
    accept: Box<dyn FnMut() -> Script + Send>,
    pub actions: VecDeque<Action<Actor, Port>>,
    /// Connections that scripts want to find again.
    pub noted: Vec<ConnectionId>,
    /// Who was there when the last connection was made.
    pub peer: Option<PeerInfo>,
    /// What the driver had counted when the last turn ended.
    pub meters: Meters,
    /// The last that was bound because a script asked for it.
    pub bound: Option<SocketAddr>,
    /// When the application wants to be called.
    pub alarm: Option<Monotonic>,
}

/// The protocol of the tests.
pub struct Actor(Script);

/// A script for a protocol that does nothing.
pub fn idle() -> Script {
    Box::new(|_, _| {})
}

/// A script that sends back what comes, and closes when no more does.
pub fn echo() -> Script {
    Box::new(|cx, event| match event {
        Event::Data(data) => cx.transport.write(data),
        Event::Ended => cx.transport.close(),
        _ => {}
    })
}

/// A script for one callback.
pub fn on(when: Event, mut act: impl FnMut(&mut Context<'_, Stage>) + Send + 'static) -> Script {
    Box::new(move |cx, event| {
        if *event == when {
            act(cx);
        }
    })
}

impl Stage {
    /// A stage whose calls go there.
    pub fn new(calls: Sender<Call>, accept: Box<dyn FnMut() -> Script + Send>) -> Self {
        Stage {
            calls,
            accept,
            actions: VecDeque::new(),
            noted: Vec::new(),
            peer: None,
            meters: Meters::default(),
            bound: None,
            alarm: None,
        }
    }

    /// Records a call of the application's own. A test that has seen enough does not listen any more.
    fn tell(&self, event: Event, at: Monotonic) {
        let _ = self.calls.send(Call { id: None, event, at });
    }
}

impl Actor {
    /// A protocol that does what the script says.
    pub fn new(script: Script) -> Self {
        Actor(script)
    }

    fn act(&mut self, cx: &mut Context<'_, Stage>, event: Event) {
        (self.0)(cx, &event);
        let call = Call { id: Some(cx.transport.id()), event, at: cx.now.monotonic };
        // A test that has seen enough does not listen any more.
        let _ = cx.app.calls.send(call);
    }
}

impl Protocol<Stage> for Actor {
    fn connection_made(&mut self, cx: &mut Context<'_, Stage>, peer: &PeerInfo) {
        cx.app.peer = Some(peer.clone());
        self.act(cx, Event::Made);
    }

    fn data_received(&mut self, cx: &mut Context<'_, Stage>, data: &[u8]) {
        self.act(cx, Event::Data(data.to_vec()));
    }

    fn eof_received(&mut self, cx: &mut Context<'_, Stage>) {
        self.act(cx, Event::Ended);
    }

    fn resume_writing(&mut self, cx: &mut Context<'_, Stage>) {
        self.act(cx, Event::Room);
    }

    fn timer_expired(&mut self, cx: &mut Context<'_, Stage>) {
        self.act(cx, Event::Timer);
    }

    fn woken(&mut self, cx: &mut Context<'_, Stage>) {
        self.act(cx, Event::Woken);
    }

    fn stopping(&mut self, cx: &mut Context<'_, Stage>) {
        self.act(cx, Event::Stopping);
    }

    fn connection_lost(&mut self, cx: &mut Context<'_, Stage>, cause: &Lost) {
        self.act(cx, Event::Lost(format!("{cause:?}")));
    }
}

impl Application for Stage {
    type Protocol = Actor;
    type Listener = Port;

    fn accepted(&mut self, _port: Port, _address: SocketAddr, _now: Now) -> Actor {
        Actor::new((self.accept)())
    }

    fn next_action(&mut self) -> Option<Action<Actor, Port>> {
        self.actions.pop_front()
    }

    fn turn_ended(&mut self, _now: Now, meters: &Meters) {
        self.meters = *meters;
    }

    fn deadline(&self) -> Option<Monotonic> {
        self.alarm
    }

    fn timer_expired(&mut self, now: Now) {
        self.alarm = None;
        self.tell(Event::Alarm, now.monotonic);
    }

    fn listening(&mut self, _port: Port, outcome: io::Result<SocketAddr>) {
        self.bound = outcome.as_ref().ok().copied();
        self.tell(Event::Listening(outcome.is_ok()), Monotonic::default());
    }

    fn file_event(&mut self, file: FileId, event: FileEvent, now: Now) {
        let event = match event {
            // How much room the machine has is not the same in both worlds.
            FileEvent::Forced { bytes, .. } => format!("Forced({bytes})"),
            other => format!("{other:?}"),
        };
        self.tell(Event::File(file, event), now.monotonic);
    }

    fn signalled(&mut self, _signal: Signal, _now: Now) {
        self.actions.push_back(Action::Stop);
    }
}

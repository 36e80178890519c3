/**
 * The app's types under the names that the window uses. The generator tells what the app sends (`…_Serialize`) from what
 * it takes (`…_Deserialize`); here each type is used in one direction only.
 */
export type {
  BridgeConfig_Serialize as BridgeConfig,
  BridgeInput_Deserialize as BridgeInput,
  BridgeNews_Serialize as BridgeNews,
  BridgeState_Serialize as BridgeState,
  BridgeView_Serialize as BridgeView,
  BrokerInput_Deserialize as BrokerInput,
  BrokerReport,
  BuiltinBrokerView,
  CommandError_Serialize as CommandError,
  Counters,
  ErrorCode,
  Forward_Serialize as Forward,
  MessageEvent_Serialize as MessageEvent,
  MessageInput,
  NewAccount,
  NodeInput_Deserialize as NodeInput,
  NodeReport,
  Overview_Serialize as Overview,
  Part,
  PartState,
  PasswordPlace,
  PayloadFormat,
  Phase,
  Problem,
  Quota,
  Recent_Serialize as Recent,
  Saved_Serialize as Saved,
  Step,
  Subscription_Serialize as Subscription,
  TryoutView_Serialize as TryoutView,
  Visibility,
} from './generated/bindings';

/** Names a bridge: `home` is one of the person's own, `try/alice` belongs to "Try it". */
export type BridgeId = string;

/**
 * Words that say how a sentence hangs together, or that one is listening, and not what it is about. For other languages than these the
 * digest goes by how words are spread alone, and its titles are worse for it.
 */

const ENGLISH = `a about above actually after again against ago ah all almost alone along already alright also although always am an and
another any anybody anyone anything anyway are aren't around as ask asked at away back be because been before behind being below besides best
better between both but by bye call called came can can't cannot come comes coming could couldn't couple did didn't different do does doesn't
doing don't done down during each either else end enough especially etc even ever every everybody everyone everything exactly except far
fine first for from get gets getting give given go goes going gone gonna good got great guess guys had happen happens happy has hasn't have
haven't having he he'd he'll he's hear hello her here here's hers hey hi him himself his hm hmm hope how how's however i i'd i'll i'm i've if in
instead into is isn't it it'd it'll it's its itself just keep kind kinda knew know known knows last later least less let let's like little
lol long look looked looking looks lot lots love made make makes making many maybe me mean means might mine minute minutes moment more
morning most much must my myself need needed needs neither never new next nice no nobody none nor not nothing now of off often oh ok okay old on
once one ones only onto or other others our ours ourselves out over own part people perfect perhaps please point possible pretty probably
problem put question quite rather really right said same saw say saying says second see seem seems seen sense several shall she she'd she'll
she's should shouldn't show since so some somebody somehow someone something sometimes somewhere soon sorry sort sounds start started still
stuff such suggest sure take taken takes tell than thank thanks that that'll that's the their theirs them themselves then there there's these they
they'd they'll they're they've thing things think thinking third this those though thought three through till time times to today together
told tomorrow tonight too took top totally towards tried true try trying turn two uh um under until up upon us use used usually very via
wait wanna want wanted wants was wasn't way we we'd we'll we're we've week weekly well went were weren't what what's whatever when whenever
where where's whether which while who who's whole whom whose why will with within without won't wonderful work works worked would wouldn't wow
year years yeah yep yes yesterday yet you you'd you'll you're you've your yours yourself yourselves afternoon evening day days month months
monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october november december
four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty hundred thousand percent half ninety eighty seventy sixty
agree agreed welcome everybody's hear question questions meeting meetings`;

const GERMAN = `aber alle allem allen alles als also am an auch auf aus außerdem bei beim bin bis bitte da dabei dafür dahin damit dann daran
darauf das dass dauert davon dazu dein dem den denn der des deshalb dessen dich die dies diese diesem diesen dieser dir doch dort dran du durch
ein eine einem einen einer eines einmal erst es etwa etwas euch euer für gab ganz geht genau genug gesagt gibt gleich gut guten habe haben hat
hatte hatten heute hier hin hoch ich ihm ihn ihnen ihr ihre ihrer immer in ins ist ja jede jeder jetzt kann kannst kein keine können könnten lassen
laut machen macht mal man mehr mein meine mich mir mit morgen muss müssen nach nachmittag nämlich nein nicht nichts noch nun nur ob oder ohne okay
punkt schon schreibe sehe sehr sein seit sich sie sieht sind so soll sollen sonst steht tschüss über um und uns unser unter vielleicht viel viele
vom von vor wann war waren warum was weg weil weit welche wenn wer werde werden wie wieder will wir wird wirklich wissen wo woche wochen wollen
worden wurde würde zu zum zur zusammen zwar zwei drei vier zehn montag dienstag mittwoch donnerstag freitag samstag sonntag danke herr frau
wiederhören einverstanden glaube fangen erster zweiter dritter nächste nächsten`;

const FRENCH = `ai alors après au aujourd'hui aussi autre aux avait avant avec avoir bien bon bonjour c'est ça car ce cela ces cet cette chose comme
comment d'accord dans de demain depuis des deux dire dit dois doit donc du elle elles en encore est et été être eux fait faire faut il ils je jour
jusqu'à la là le les leur lui ma mais me même merci mes moi mois mon ne non nos notre nous on ont ou où oui par parce pas peu peut peux plus pour
pouvez quand que quel quelle qui quoi sa sans se semaine ses si son sont sous suis sur ta te tes toi ton tous tout toute très trois tu un une va
vais vas voilà voir vos votre vous vraiment`;

const SPANISH = `a ahora al algo alguien algún antes aquí así aunque aún bien bueno cada casi como cómo con creo cuál cuando cuándo cuánto de
decir del desde después detrás día dos donde él el ella ellos en entonces entre era eran es esa esas ese eso esos esta está están estas este esto
estos estoy fue gracias ha habla hablar hace hacer hacia han hasta hay haya he hemos hola hoy ir la las le les lo los luego más mañana me menos
mes mi mis mismo mucho muy nada ni no nos nosotros nuestra nuestro o otra otro para parte pero perfecto poco podemos por porque primero pues que
qué quien quién quiere quiero se sea semana ser si sí sido siempre sin sobre solo somos son su sus también tan tanto te tenemos tener tengo tiene
tienen toda todas todavía todo todos tres tu tú un una uno unos usar va vamos ver vez voy y ya yo año años`;

const PORTUGUESE = `agora ainda algo alguém amanhã antes ao aos aqui as assim até bem boa bom cada coisa com como da das de depois desde do dois dos
e ela elas ele eles em entre era essa esse esta está estão este eu fazer foi há hoje isso isto já lá lhe mais mas me mesmo meu minha muito na não nas
nem no nos nós num o obrigado obrigada ou para pela pelo pode por porque qual quando que quem se sem semana ser seu sim só sobre sua também tem temos
ter tudo um uma vai vamos você vocês vou`;

const ITALIAN = `a abbiamo adesso ai al alla alle allora anche ancora bene buongiorno c'è che chi ci ciao cioè come con cosa così da dal dalla
dei del della delle di dire domani dopo dove due e è ecco ed era essere fa fare già gli grazie ha hai hanno ho i il in io la le lei li lo loro lui ma
mi mio molto nei nel nella no noi non o oggi ogni per perché perfetto però più poi prima qualche quando quello questa questo qui se sei si sì sia
siamo sono sta stato su sua suo sulla te ti tra tre tu tutti tutto un una uno va vi voi`;

const ARABIC = `في من على إلى عن مع أن إن أنا نحن هو هي هم أنت كان كانت يكون هذا هذه ذلك تلك التي الذي الذين ما ماذا لماذا متى كيف هل لا لم لن
نعم كل بعد قبل عند عندي لكن ثم أو إذا إذن لأن كما أيضا جدا حتى منذ حول بين يا شكرا حسنا اليوم غدا الآن صباح الخير النور جميعا يوم الأسبوع الشهر
السنة الماضي القادم كثير كثيرا أفضل مناسب صحيح ممتاز مفهوم الموضوع موضوع نتحدث نبدأ يجب يستطيع أستطيع لماذا الأحد الاثنين الثلاثاء الأربعاء الخميس
الجمعة السبت تقول يتم ابتداء سأقوم نفس الوقت بذلك السلامة فضلك وصل زال`;

const RUSSIAN = `а без был была были было быть в вам вас весь во вот все всё вы где да даже для до его ее её если есть еще ещё же за здесь и из или им
их к как когда кто ли меня мне мы на надо нам нас не него нет ни но ну о об он она они от очень по под потом почему при с со спасибо так там то тоже
только тут ты у уже хорошо что чтобы это этого этот я`;

const CHINESE = `我们 你们 他们 大家 这个 那个 这些 那些 什么 怎么 怎么办 为什么 可以 需要 没有 不是 就是 还是 但是 因为 所以 如果 然后 现在 今天 明天
昨天 已经 一个 一种 两个 几位 很多 每个 每天 非常 觉得 知道 好的 谢谢 太好了 没问题 开始 时候 问题 事情 主要 讨论 最近 特别 总是 之前 愿意 告诉 先说
我会 能不能 下个月 星期一 星期二 星期三 星期四 星期五 星期六 星期日 老师 先生 女士 是的 第一个 第二件`;

const JAPANESE = `今日 明日 昨日 今週 来週 先月 今年 去年 私 私達 皆さん 何 次 時 方 事 物 中 前 後 今 一度 最後 問題 理由 確か 特に 同じ 新しい 思い 思う
分かり 願い 始め ござい 午後 午前 金曜日 月曜日 火曜日 水曜日 木曜日 土曜日 日曜日`;

const ALL: ReadonlySet<string> = new Set(
  [ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE, ITALIAN, ARABIC, RUSSIAN, CHINESE, JAPANESE].flatMap((list) =>
    list.split(/\s+/),
  ),
);

/**
 * Whatever the language of the text: meetings mix them, and what is a function word in one language is rarely the topic in another.
 * `word` in lower case; typographic apostrophes count as plain ones.
 */
export const isFunctionWord = (word: string): boolean => ALL.has(word.replaceAll('’', "'"));

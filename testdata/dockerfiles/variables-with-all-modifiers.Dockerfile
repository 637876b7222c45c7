ARG V=1
FROM a:${V:-b}-$V
ENV A=${B-c} D=${E:+f} G=${H?i} J=${K#l*} M=${N##*/} O=${P%q} R=${S%%t*} U=${V/w/x} Y=${Z//a/b}
WORKDIR /${A:-${B:-"c d"}}/\$x/'$y'
